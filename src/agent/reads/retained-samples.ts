import type { Sealed, Stream, StreamExtent } from '../../formats/tide/index.ts';
import {
  BatchColumns,
  BatchDecoder,
  ContentHash,
  type AuditResult,
  type AuditWindow,
  type Hash64,
  type SchemaSeries,
  SEQ_RANGES_MAX,
  seriesKey,
} from '../../formats/tide/index.ts';
import { isStaleAt } from '../../model/index.ts';
import { IntervalSet } from '../../util/index.ts';
import type { SealedIndex } from './sealed-index.ts';

/** What reading back needs of the ring. */
export interface ReadableRing {
  read(epoch: number, stream: Stream, seq: number): Promise<Sealed | undefined>;
  extents(): StreamExtent[];
}

export interface RetainedOptions {
  readonly epoch: number;
  readonly ring: ReadableRing;
  readonly index: SealedIndex;
  series(id: number): SchemaSeries | undefined;
}

export interface RetainedBatch {
  readonly stream: Stream;
  readonly seq: number;
  readonly columns: BatchColumns;
}

/** Scratch memory of a megabyte; decoding is synchronous, so all agents of a process share it. */
const decoder = new BatchDecoder();
const STREAMS: readonly Stream[] = [0, 1];

/** Reads back what this run sealed and the ring still has. */
export class RetainedSamples {
  readonly #options: RetainedOptions;

  constructor(options: RetainedOptions) {
    this.#options = options;
  }

  /**
   * Each retained batch that touches the times, one after another; of one that is not retained
   * `missing` is told a time that its samples are not beyond.
   */
  async *batches(
    minTime: number,
    maxTime: number,
    missing?: (newestTime: number) => void,
  ): AsyncGenerator<RetainedBatch> {
    const { epoch, ring, index } = this.#options;
    for (const stream of STREAMS) {
      for (const { seq, newestTime } of index.overlapping(stream, minTime, maxTime)) {
        const sealed = await ring.read(epoch, stream, seq);
        if (sealed === undefined) missing?.(newestTime);
        if (sealed?.type !== 'BATCH') continue;
        const columns = new BatchColumns(256);
        decoder.decode(sealed.payload, sealed.codec, columns);
        yield { stream, seq, columns };
      }
    }
  }

  /** All of this run is held from this time on, as far as the ring did not lose some between. */
  #retainedFrom(): number {
    const { ring, index, epoch } = this.#options;
    let from = epoch;
    for (const { stream, firstRetained, lastSeq } of ring.extents()) {
      if (firstRetained <= 1 || lastSeq === 0) continue;
      from = Math.max(from, index.wholeFrom(stream, firstRetained));
    }
    return from;
  }

  /** Nothing that is held of a stream has samples from before this time; -Infinity: not known. */
  oldestTime(stream: Stream): number {
    const { ring, index } = this.#options;
    const extent = ring.extents().find((other) => other.stream === stream);
    if (extent === undefined || extent.firstRetained <= 1) return -Infinity;
    return index.oldestTime(stream, extent.firstRetained) ?? -Infinity;
  }

  /**
   * Count and hash of a group's samples in `parts` windows of equal length, without staleness
   * markers, and from when on all of them are held: what was too much for memory before it was on
   * disk, or is damaged there, is missing among others.
   */
  async audit(
    group: number,
    { minTime, maxTime, parts }: { minTime: number; maxTime: number; parts: number },
  ): Promise<Pick<AuditResult, 'retainedFrom' | 'windows'>> {
    const windows = windowsOf(minTime, maxTime, parts).map((times) => new WindowDigest(times));
    const keys = new Map<number, Hash64 | undefined>();
    let retainedFrom = this.#retainedFrom();
    const missing = (newestTime: number): void => {
      retainedFrom = Math.max(retainedFrom, newestTime + 1);
    };
    for await (const { stream, seq, columns } of this.batches(minTime, maxTime, missing)) {
      const { length, seriesIds, timestamps, words } = columns;
      for (let index = 0; index < length; index++) {
        const time = timestamps[index]!;
        // The collector writes markers of its own, so nobody counts them.
        if (time < minTime || time > maxTime || isStaleAt(words, index)) continue;
        const key = this.#keyOf(seriesIds[index]!, group, keys);
        if (key === undefined) continue;
        const window = windows.find((other) => time <= other.maxTime);
        window?.hash.add(key, time, words[2 * index]!, words[2 * index + 1]!);
        window?.numbers[stream].add(seq);
      }
    }
    return { retainedFrom, windows: windows.map((window) => window.result()) };
  }

  #keyOf(id: number, group: number, keys: Map<number, Hash64 | undefined>): Hash64 | undefined {
    if (!keys.has(id)) {
      const series = this.#options.series(id);
      keys.set(id, series?.group === group ? seriesKey(series.labels) : undefined);
    }
    return keys.get(id);
  }
}

/** What is in one window of an audit. */
class WindowDigest {
  readonly minTime: number;
  readonly maxTime: number;
  readonly hash = new ContentHash();
  /** By stream. */
  readonly numbers = [new IntervalSet(), new IntervalSet()] as const;

  constructor({ minTime, maxTime }: { minTime: number; maxTime: number }) {
    this.minTime = minTime;
    this.maxTime = maxTime;
  }

  result(): AuditWindow {
    const { minTime, maxTime, hash } = this;
    let ranges = STREAMS.flatMap((stream) =>
      this.numbers[stream].ranges().map((range) => ({ stream, ...range })),
    );
    if (ranges.length > SEQ_RANGES_MAX) {
      ranges = STREAMS.flatMap((stream) => {
        const { first, last } = this.numbers[stream];
        return first === undefined || last === undefined ? [] : [{ stream, from: first, to: last }];
      });
    }
    return { minTime, maxTime, count: hash.count, hash: hash.hash, ranges };
  }
}

/** Windows without a gap between them; some are longer by the odd millisecond. */
function windowsOf(minTime: number, maxTime: number, parts: number) {
  const span = maxTime - minTime + 1;
  return Array.from({ length: parts }, (_, index) => ({
    minTime: minTime + Math.ceil((span * index) / parts),
    maxTime: minTime + Math.ceil((span * (index + 1)) / parts) - 1,
  }));
}
