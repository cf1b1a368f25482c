import type { Labels, SampleColumns } from '../../model/index.ts';
import type { HistogramSample, SeriesGroups, SeriesSet } from '../api.ts';
import { StorageClosedError } from '../errors.ts';
import type { FloatColumns } from './copy-selection.ts';
import type { HeadSelection, ShardSelection } from './head-selection.ts';
import type { LabelColumns } from './label-columns.ts';
import { LabelColumnsBuilder } from './label-columns.ts';

const NO_HISTOGRAMS: readonly HistogramSample[] = [];
/** About what a native histogram takes, with some twenty buckets. */
const HISTOGRAM_BYTES = 600;
/** Ref, label set and cap. */
const SERIES_BYTES = 16;

/** What the sets of selections have in common; places are those in which series were found. */
abstract class SelectedSeries implements SeriesSet {
  abstract readonly length: number;
  readonly #histograms: ReadonlyMap<number, readonly HistogramSample[]>;

  constructor(histograms: ReadonlyMap<number, readonly HistogramSample[]>) {
    this.#histograms = histograms;
  }

  protected abstract get columns(): LabelColumns;

  abstract samples(index: number, into: SampleColumns): void;

  labels(index: number): Labels {
    return this.columns.labels(index);
  }

  metricName(index: number): string {
    return this.columns.metricName(index);
  }

  groups(names: readonly string[], without: boolean): SeriesGroups {
    return this.columns.groups(names, without);
  }

  heldBytes(): number {
    let histograms = 0;
    for (const samples of this.#histograms.values()) histograms += samples.length;
    return HISTOGRAM_BYTES * histograms;
  }

  histograms(index: number): readonly HistogramSample[] {
    if (this.#histograms.size === 0) return NO_HISTOGRAMS;
    return this.#histograms.get(this.columns.place(index)) ?? NO_HISTOGRAMS;
  }
}

/** Series whose samples have been copied. */
export class CopiedSeries extends SelectedSeries {
  readonly length: number;
  protected readonly columns: LabelColumns;
  readonly #floats: FloatColumns;

  constructor(
    columns: LabelColumns,
    floats: FloatColumns,
    histograms: ReadonlyMap<number, readonly HistogramSample[]>,
  ) {
    super(histograms);
    this.columns = columns;
    this.#floats = floats;
    this.length = columns.length;
  }

  override heldBytes(): number {
    const { samples, offsets } = this.#floats;
    const floats = samples.timestamps.byteLength + samples.values.byteLength;
    return super.heldBytes() + floats + offsets.byteLength + this.columns.heldBytes;
  }

  samples(index: number, into: SampleColumns): void {
    const { samples, offsets } = this.#floats;
    const place = this.columns.place(index);
    into.append(samples.timestamps, samples.words, offsets[place]!, offsets[place + 1]!);
  }
}

/** Series of the head whose samples are read as they are asked for; the read must be held. */
export class HeadSeries extends SelectedSeries {
  readonly length: number;
  readonly #selection: HeadSelection;
  readonly #only: ShardSelection | undefined;
  #columns: LabelColumns | undefined;

  /** Without columns, which order the series, labels are looked up when they are asked for. */
  constructor(selection: HeadSelection, columns: LabelColumns | undefined) {
    super(selection.histograms);
    this.#selection = selection;
    this.#only = selection.shards.length === 1 ? selection.shards[0] : undefined;
    this.#columns = columns;
    this.length = selection.length;
  }

  override heldBytes(): number {
    const labels = this.#columns?.heldBytes ?? 0;
    return super.heldBytes() + SERIES_BYTES * this.length + labels;
  }

  samples(index: number, into: SampleColumns): void {
    const { of, at } = this.#find(index);
    of.shard.kernel.read(of.refs[at]!, this.#selection.minTime, of.caps[at]!, into);
  }

  latest(index: number, time: number, into: SampleColumns): void {
    const { of, at } = this.#find(index);
    const end = Math.min(time, of.caps[at]!);
    of.shard.kernel.readNewest(of.refs[at]!, this.#selection.minTime, end, into);
  }

  #find(index: number): { of: ShardSelection; at: number } {
    if (this.#selection.read.isReleased) throw new StorageClosedError('the querier was closed');
    const place = this.#columns === undefined ? index : this.#columns.place(index);
    return this.#only === undefined ? this.#locate(place) : { of: this.#only, at: place };
  }

  protected get columns(): LabelColumns {
    return (this.#columns ??= this.#readLabels());
  }

  #readLabels(): LabelColumns {
    const { read, shards } = this.#selection;
    if (read.isReleased) throw new StorageClosedError('the querier was closed');
    const builder = new LabelColumnsBuilder(shards.length > 1);
    for (const { shard, sets } of shards) {
      for (const set of sets) builder.addSet(shard.pairs, set);
    }
    return builder.build(false);
  }

  #locate(place: number): { of: ShardSelection; at: number } {
    let at = place;
    for (const of of this.#selection.shards) {
      if (at < of.refs.length) return { of, at };
      at -= of.refs.length;
    }
    throw new RangeError(`no series ${place} of ${this.length}`);
  }
}
