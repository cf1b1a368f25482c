import type { Matcher } from '../../model/index.ts';
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
import type { HiddenTimes } from './block-series.ts';
import { Hiding } from './block-series.ts';
import { eachLabelSet, LabelSets } from './label-sets.ts';
import type { SelectAnswer } from './reader.ts';
import type { FloatRun, Part } from './series-merge.ts';
import { SeriesMerge } from './series-merge.ts';

/** Chunks that are read before anything else gets its turn. */
const READ_CHUNKS = 4096;

/** Gathers a selection from blocks and what the head answered, series by series. */
export class SelectMerge {
  readonly #hints: SelectHints;
  readonly #signal: AbortSignal;
  readonly #sets = new LabelSets();
  readonly #parts: Part[][] = [];
  readonly #inHead: number[] = [];
  #headWords = new Uint32Array(0);
  readonly #samples = new SampleColumns();
  readonly #merge = new SeriesMerge();
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
      const inHead = headIndex < 0 ? [] : headHistograms(head, headIndex);
      this.#merge.floats(parts, this.#hints, into, this.#headFloats(head, headIndex));
      const found = this.#merge.histograms(parts, this.#hints, inHead);
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

  #headFloats({ timestamps, sampleOffsets }: SelectAnswer, index: number): FloatRun | undefined {
    if (index < 0) return undefined;
    const from = sampleOffsets[index]!;
    return { timestamps, words: this.#headWords, from, to: sampleOffsets[index + 1]! };
  }

  async #turn(): Promise<void> {
    if (this.#pacer.due()) await this.#pacer.pause();
    this.#signal.throwIfAborted();
  }
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
