import { SampleColumns } from '../../model/index.ts';
import type { HistogramSample, SelectHints } from '../api.ts';
import type { Block } from '../block/block.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { ChunkRef } from '../block/index-writer.ts';
import { selectOrdinals } from '../block/select-ordinals.ts';
import { SelectLimitError } from '../errors.ts';
import { Pacer } from '../pacer.ts';
import { ByteReader } from '../wal/byte-reader.ts';
import { ByteWriter } from '../wal/byte-writer.ts';
import { decodeHistogram, encodeHistogram } from '../wal/histogram-codec.ts';
import type { Matcher } from '../../model/index.ts';
import type { HiddenTimes } from './block-series.ts';
import { Hiding, isHidden } from './block-series.ts';
import { eachLabelSet, LabelSets } from './label-sets.ts';
import type { SelectAnswer } from './reader.ts';

/** Chunks that are read before anything else gets its turn. */
const READ_CHUNKS = 4096;

/** A chunk of a series that the selection needs, still packed. */
interface Part {
  readonly block: Block;
  readonly chunk: ChunkRef;
  readonly hidden: HiddenTimes;
  readonly times: Float64Array;
  readonly body: Uint8Array;
  /** Of samples of one time the first stored counts. */
  readonly cut: number;
}

/** Gathers a selection from blocks and what the head answered, series by series. */
export class SelectMerge {
  readonly #hints: SelectHints;
  readonly #signal: AbortSignal;
  readonly #sets = new LabelSets();
  readonly #parts: Part[][] = [];
  readonly #inHead: number[] = [];
  #headWords = new Uint32Array(0);
  readonly #samples = new SampleColumns();
  readonly #scratch = new SampleColumns();
  readonly #pacer = new Pacer();

  constructor(hints: SelectHints, signal: AbortSignal) {
    this.#hints = hints;
    this.#signal = signal;
  }

  addHead(answer: SelectAnswer): void {
    this.#headWords = new Uint32Array(answer.values.buffer);
    eachLabelSet(answer.labels, (pairs, index) => {
      this.#inHead[this.#series(pairs)] = index;
    });
  }

  /** Reads what matches of one block; it must stay open until `finish`. */
  async addBlock(block: Block, ref: BlockRef, matchers: readonly Matcher[]): Promise<void> {
    const { minTime, maxTime } = this.#hints;
    const { columns } = block.index;
    const hiding = new Hiding(ref);
    const wanted: { series: number; chunk: ChunkRef; hidden: HiddenTimes }[] = [];
    for (const entry of block.index.entries(selectOrdinals(block.index, matchers))) {
      const chunks = entry.chunks.filter(({ column }) => {
        const times = columns[column]!;
        return times.maxTime >= minTime && times.minTime <= maxTime;
      });
      if (chunks.length > 0) {
        const pairs = block.index.pairs(entry);
        const hidden = hiding.of(pairs);
        const series = this.#series(pairs);
        for (const chunk of chunks) wanted.push({ series, chunk, hidden });
      }
      await this.#turn();
    }
    for (let from = 0; from < wanted.length; from += READ_CHUNKS) {
      const some = wanted.slice(from, from + READ_CHUNKS);
      const bodies = await block.readChunks(some.map(({ chunk }) => chunk));
      for (const [index, { series, chunk, hidden }] of some.entries()) {
        const times = await block.times(chunk.column);
        const part = { block, chunk, hidden, times, body: bodies[index]!, cut: ref.meta.cut };
        this.#parts[series]!.push(part);
      }
      await this.#turn();
    }
  }

  async finish(head: SelectAnswer): Promise<SelectAnswer> {
    const { maxSeries = Infinity, maxSamples = Infinity } = this.#hints;
    const kept: number[] = [];
    const sampleOffsets: number[] = [0];
    const histograms = new HistogramWriter();
    let histogramCount = 0;
    const into = this.#samples;
    for (let series = 0; series < this.#sets.size; series++) {
      const parts = this.#parts[series]!;
      const headIndex = this.#inHead[series] ?? -1;
      const before = into.length;
      this.#mergeFloats(parts, head, headIndex);
      const found = this.#mergeHistograms(parts, head, headIndex);
      if (into.length > before || found.length > 0) {
        kept.push(series);
        sampleOffsets.push(into.length);
        histograms.add(found);
        histogramCount += found.length;
        if (kept.length > maxSeries) throw new SelectLimitError('series', maxSeries);
        if (into.length + histogramCount > maxSamples) {
          throw new SelectLimitError('samples', maxSamples);
        }
      }
      await this.#turn();
    }
    return {
      labels: this.#sets.build(kept),
      sampleOffsets: Float64Array.from(sampleOffsets),
      timestamps: into.timestamps.slice(0, into.length),
      values: copyValues(into),
      histograms: histogramCount > 0 ? histograms.build() : undefined,
    };
  }

  #series(pairs: readonly string[]): number {
    const series = this.#sets.add(pairs);
    if (series === this.#parts.length) this.#parts.push([]);
    return series;
  }

  async #turn(): Promise<void> {
    if (this.#pacer.due()) await this.#pacer.pause();
    this.#signal.throwIfAborted();
  }

  #mergeFloats(parts: readonly Part[], head: SelectAnswer, headIndex: number): void {
    const into = this.#samples;
    const start = into.length;
    const floats = parts.filter(({ chunk }) => !chunk.isHistogram);
    // Mostly the parts follow each other; what does not is put in order afterwards.
    floats.sort((a, b) => a.times[0]! - b.times[0]! || a.cut - b.cut);
    let ordered = true;
    for (const part of floats) ordered = this.#decode(part, into, start) && ordered;
    if (headIndex >= 0) {
      const from = head.sampleOffsets[headIndex]!;
      const to = head.sampleOffsets[headIndex + 1]!;
      const last = into.length > start ? into.timestamps[into.length - 1]! : -Infinity;
      if (to > from && head.timestamps[from]! <= last) ordered = false;
      into.append(head.timestamps, this.#headWords, from, to);
      if (!ordered) this.#putInOrder(floats, head, { from, to }, start);
    } else if (!ordered) {
      this.#putInOrder(floats, head, { from: 0, to: 0 }, start);
    }
  }

  /** Appends the samples of a part; whether they all are after those from `start` on. */
  #decode(part: Part, into: SampleColumns, start: number): boolean {
    const before = into.length;
    const last = before > start ? into.timestamps[before - 1]! : -Infinity;
    part.block.decodeFloats(part.chunk, part.body, part.times, this.#hints, into);
    if (part.hidden.length > 0) removeHidden(into, before, part.hidden);
    return into.length === before || into.timestamps[before]! > last;
  }

  /** Does it again, part by part in the order in which they were stored, and sorts. */
  #putInOrder(
    floats: readonly Part[],
    head: SelectAnswer,
    { from, to }: { readonly from: number; readonly to: number },
    start: number,
  ): void {
    const all = this.#scratch;
    all.reset();
    for (const part of floats.toSorted((a, b) => a.cut - b.cut)) this.#decode(part, all, 0);
    all.append(head.timestamps, this.#headWords, from, to);
    const order = Array.from({ length: all.length }, (_, index) => index);
    order.sort((a, b) => all.timestamps[a]! - all.timestamps[b]!);
    const into = this.#samples;
    into.length = start;
    for (const index of order) {
      const time = all.timestamps[index]!;
      if (into.length > start && into.timestamps[into.length - 1] === time) continue;
      into.append(all.timestamps, all.words, index, index + 1);
    }
  }

  #mergeHistograms(
    parts: readonly Part[],
    head: SelectAnswer,
    headIndex: number,
  ): HistogramSample[] {
    const { minTime, maxTime } = this.#hints;
    const found: HistogramSample[] = [];
    const packed = parts.filter(({ chunk }) => chunk.isHistogram);
    for (const part of packed.toSorted((a, b) => a.cut - b.cut)) {
      for (const sample of part.block.decodeHistograms(part.chunk, part.body, part.times)) {
        const { timestamp } = sample;
        if (timestamp < minTime || timestamp > maxTime) continue;
        if (!isHidden(part.hidden, timestamp)) found.push(sample);
      }
    }
    if (headIndex >= 0) found.push(...headHistograms(head, headIndex));
    if (packed.length === 0) return found;
    found.sort((a, b) => a.timestamp - b.timestamp);
    return found.filter(({ timestamp }, at) => at === 0 || found[at - 1]!.timestamp !== timestamp);
  }
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

function copyValues({ words, length }: SampleColumns): Float64Array<ArrayBuffer> {
  const values = new Float64Array(length);
  new Uint32Array(values.buffer).set(words.subarray(0, 2 * length));
  return values;
}

function headHistograms({ histograms }: SelectAnswer, index: number): HistogramSample[] {
  if (histograms === undefined) return [];
  const { bytes, offsets } = histograms;
  const reader = new ByteReader(bytes, offsets[index]!, offsets[index + 1]!);
  const samples: HistogramSample[] = [];
  while (reader.remaining > 0) {
    samples.push({ timestamp: reader.f64(), histogram: decodeHistogram(reader) });
  }
  return samples;
}

/** Histograms of one series after another, as an answer has them. */
class HistogramWriter {
  readonly #writer = new ByteWriter();
  readonly #offsets: number[] = [0];

  add(samples: readonly HistogramSample[]): void {
    for (const { timestamp, histogram } of samples) {
      this.#writer.f64(timestamp);
      encodeHistogram(this.#writer, histogram);
    }
    this.#offsets.push(this.#writer.length);
  }

  build(): NonNullable<SelectAnswer['histograms']> {
    return {
      offsets: Float64Array.from(this.#offsets),
      bytes: this.#writer.written().slice(),
    };
  }
}
