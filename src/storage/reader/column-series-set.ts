import type { Labels, SampleColumns } from '../../model/index.ts';
import type { HistogramSample, SeriesSet } from '../api.ts';
import { ByteReader } from '../wal/byte-reader.ts';
import { decodeHistogram } from '../wal/histogram-codec.ts';
import { LabelTable } from './label-table.ts';
import type { SelectAnswer } from './reader.ts';

const NONE: readonly HistogramSample[] = [];

/** A selection as columns that the reader's thread owns. */
export class ColumnSeriesSet implements SeriesSet {
  readonly length: number;
  readonly #answer: SelectAnswer;
  readonly #labels: LabelTable;
  readonly #words: Uint32Array;

  constructor(answer: SelectAnswer) {
    this.#answer = answer;
    this.#labels = new LabelTable(answer.labels);
    this.#words = new Uint32Array(answer.values.buffer);
    this.length = this.#labels.length;
  }

  labels(index: number): Labels {
    return this.#labels.labels(index);
  }

  samples(index: number, into: SampleColumns): void {
    const at = this.#labels.order[index]!;
    const { sampleOffsets, timestamps } = this.#answer;
    into.append(timestamps, this.#words, sampleOffsets[at]!, sampleOffsets[at + 1]!);
  }

  histograms(index: number): readonly HistogramSample[] {
    const columns = this.#answer.histograms;
    if (columns === undefined) return NONE;
    const at = this.#labels.order[index]!;
    const reader = new ByteReader(columns.bytes, columns.offsets[at]!, columns.offsets[at + 1]!);
    const samples: HistogramSample[] = [];
    while (reader.remaining > 0) {
      samples.push({ timestamp: reader.f64(), histogram: decodeHistogram(reader) });
    }
    return samples;
  }
}
