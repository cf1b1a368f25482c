import { SampleColumns } from '../../model/index.ts';
import type { HistogramSample, TimeRange } from '../api.ts';
import type { Block } from '../block/block.ts';
import type { ChunkRef } from '../block/index-writer.ts';
import type { HiddenTimes } from './block-series.ts';
import { isHidden } from './block-series.ts';

/** A chunk of a series, still packed. */
export interface Part {
  readonly block: Block;
  readonly chunk: ChunkRef;
  readonly hidden: HiddenTimes;
  readonly times: Float64Array;
  readonly body: Uint8Array;
  /** Of samples of one time the one with the least, which was stored first, counts. */
  readonly cut: number;
}

/** Samples `[from, to)` of columns. */
export interface FloatRun {
  readonly timestamps: Float64Array;
  readonly words: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/** Puts the samples of a series from several places into one order, each time once. */
export class SeriesMerge {
  readonly #scratch = new SampleColumns();

  /** Appends float samples within the times to `into`; those of `head` were stored last. */
  floats(parts: readonly Part[], range: TimeRange, into: SampleColumns, head?: FloatRun): void {
    const start = into.length;
    const floats = parts.filter(({ chunk }) => !chunk.isHistogram);
    // Mostly the parts follow each other; what does not is put in order afterwards.
    if (floats.length > 1) floats.sort((a, b) => a.times[0]! - b.times[0]! || a.cut - b.cut);
    let ordered = true;
    for (const part of floats) ordered = decode(part, range, into, start) && ordered;
    if (head !== undefined && head.to > head.from) {
      const last = into.length > start ? into.timestamps[into.length - 1]! : -Infinity;
      if (head.timestamps[head.from]! <= last) ordered = false;
      into.append(head.timestamps, head.words, head.from, head.to);
    }
    if (!ordered) this.#putInOrder(floats, range, into, start, head);
  }

  /** Histogram samples within the times; those of `head` were stored last. */
  histograms(
    parts: readonly Part[],
    { minTime, maxTime }: TimeRange,
    head: readonly HistogramSample[] = [],
  ): readonly HistogramSample[] {
    const packed = parts.filter(({ chunk }) => chunk.isHistogram);
    if (packed.length === 0) return head;
    const found: HistogramSample[] = [];
    for (const part of packed.sort((a, b) => a.cut - b.cut)) {
      for (const sample of part.block.decodeHistograms(part.chunk, part.body, part.times)) {
        const { timestamp } = sample;
        if (timestamp < minTime || timestamp > maxTime) continue;
        if (!isHidden(part.hidden, timestamp)) found.push(sample);
      }
    }
    found.push(...head);
    found.sort((a, b) => a.timestamp - b.timestamp);
    return found.filter(({ timestamp }, at) => at === 0 || found[at - 1]!.timestamp !== timestamp);
  }

  /** Does it again, part by part in the order in which they were stored, and sorts. */
  #putInOrder(
    floats: readonly Part[],
    range: TimeRange,
    into: SampleColumns,
    start: number,
    head: FloatRun | undefined,
  ): void {
    const all = this.#scratch;
    all.reset();
    for (const part of floats.toSorted((a, b) => a.cut - b.cut)) decode(part, range, all, 0);
    if (head !== undefined) all.append(head.timestamps, head.words, head.from, head.to);
    const order = Array.from({ length: all.length }, (_, index) => index);
    order.sort((a, b) => all.timestamps[a]! - all.timestamps[b]!);
    into.length = start;
    for (const index of order) {
      const time = all.timestamps[index]!;
      if (into.length > start && into.timestamps[into.length - 1] === time) continue;
      into.append(all.timestamps, all.words, index, index + 1);
    }
  }
}

/** Appends the samples of a part; whether they all are after those from `start` on. */
function decode(part: Part, range: TimeRange, into: SampleColumns, start: number): boolean {
  const before = into.length;
  const last = before > start ? into.timestamps[before - 1]! : -Infinity;
  part.block.decodeFloats(part.chunk, part.body, part.times, range, into);
  if (part.hidden.length > 0) removeHidden(into, before, part.hidden);
  return into.length === before || into.timestamps[before]! > last;
}

function removeHidden(into: SampleColumns, from: number, hidden: HiddenTimes): void {
  let kept = from;
  for (let index = from; index < into.length; index++) {
    if (isHidden(hidden, into.timestamps[index]!)) continue;
    into.timestamps[kept] = into.timestamps[index]!;
    into.words[2 * kept] = into.words[2 * index]!;
    into.words[2 * kept + 1] = into.words[2 * index + 1]!;
    kept++;
  }
  into.length = kept;
}
