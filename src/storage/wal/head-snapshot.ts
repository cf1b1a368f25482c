import { ANY_COMMIT } from '../../kernel/index.ts';
import type { Head } from '../head/head.ts';
import type { HeadShard } from '../head/head-shard.ts';
import type { HistogramView } from '../head/histogram-timeline.ts';
import { readHistograms } from '../head/histogram-timeline.ts';
import type { SnapshotEnd, SnapshotValues } from './snapshot-codec.ts';
import type { CopyRecord } from './snapshot-copies.ts';

/** Bytes that are copied at a time: some 100 us. */
const SLICE_BYTES = 64 * 1024;
/** Series, likewise. */
const SLICE_SERIES = 256;

/** Some series of one shard, and the newest time of each; NaN for one without samples. */
interface Portion {
  readonly shard: HeadShard;
  readonly refs: Uint32Array;
  readonly caps: Float64Array;
}

/**
 * What the head holds at one moment, to be written while it goes on: which series, and the newest
 * time of each. Late samples that come in afterwards may be written too, and what is deleted
 * afterwards may be missing; both are in the log behind the checkpoint as well, and doing them
 * again ends in the same: what was judged in between was judged by the newest times, which are
 * those of the moment.
 */
export class HeadSnapshot {
  readonly values: SnapshotValues;
  readonly end: Omit<SnapshotEnd, 'seriesCount'>;
  readonly #portions: readonly Portion[];
  readonly #histograms: ReadonlyMap<number, HistogramView>;
  /** Samples before this time are in blocks. */
  readonly #floor: number;

  constructor(head: Head) {
    this.#portions = head.shards.flatMap((shard) => [...portionsOf(shard)]);
    this.#histograms = new Map(viewsOf(head));
    this.values = {
      state: head.state.entries(),
      metadata: [...head.metadata.families],
      exemplars: head.exemplars.entries(),
    };
    this.end = { nextRef: head.series.nextRef, cutCount: head.cutCount };
    this.#floor = head.floor;
  }

  /**
   * Adds all series to the record, some at a time; yields how many after each time, and what the
   * record then holds must be taken from it before the event loop goes on.
   */
  *addTo(record: CopyRecord): IterableIterator<number> {
    for (const portion of this.#portions) {
      const { length } = portion.refs;
      for (let from = 0; from < length; ) {
        const most = Math.min(length, from + SLICE_SERIES);
        const mostBytes = record.sizeBytes + SLICE_BYTES;
        let to = from;
        let count = 0;
        for (; to < most && record.sizeBytes < mostBytes; to++) {
          if (this.#add(record, portion, to)) count++;
        }
        from = to;
        yield count;
      }
    }
  }

  /** False where the series was dropped since the moment of the snapshot, and so was empty. */
  #add(record: CopyRecord, { shard, refs, caps }: Portion, index: number): boolean {
    const ref = refs[index]!;
    if (!shard.kernel.hasSeries(ref)) return false;
    const view = this.#histograms.get(ref);
    const histograms = view === undefined ? [] : readHistograms(view, this.#floor, Infinity);
    record.add(ref, shard, { minTime: this.#floor, maxTime: caps[index]! }, histograms);
    return true;
  }
}

function* portionsOf(shard: HeadShard): IterableIterator<Portion> {
  for (const page of shard.index.refs()) {
    const refs = page.slice();
    const caps = new Float64Array(refs.length);
    shard.reader.capture(refs, refs.length, ANY_COMMIT, -Infinity, caps);
    yield { shard, refs, caps };
  }
}

function* viewsOf(head: Head): IterableIterator<[number, HistogramView]> {
  for (const ref of head.histogramRefs()) {
    const view = head.histograms(ref);
    if (view !== undefined) yield [ref, view];
  }
}
