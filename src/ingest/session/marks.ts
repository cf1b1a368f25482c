import type { SeqRange, Stream, StreamMarks } from '../../formats/tide/index.ts';
import { SEQ_RANGES_MAX } from '../../formats/tide/index.ts';
import type { EpochLedger } from '../../sources/index.ts';
import { IntervalSet } from '../../util/index.ts';

const STREAMS: readonly Stream[] = [0, 1];

/** What the collector has of an epoch's lanes, as WELCOME and ACK tell it. */
export function marksOf(epoch: EpochLedger, withMissing: boolean): StreamMarks[] {
  return STREAMS.map((stream) => {
    const lane = epoch.lane(stream);
    const { cumReceived, cumDurable } = lane;
    const beyond = new IntervalSet();
    for (const set of [lane.resolved, lane.received]) {
      for (const { from, to } of set.ranges(cumReceived + 1)) beyond.add(from, to);
    }
    const missing: readonly SeqRange[] = withMissing ? lane.missing() : [];
    return {
      stream,
      cumReceived,
      cumDurable,
      sack: beyond.ranges().slice(0, SEQ_RANGES_MAX),
      missing: missing.slice(0, SEQ_RANGES_MAX),
    };
  });
}
