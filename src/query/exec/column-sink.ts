import { Labels } from '../../model/index.ts';
import type { SeriesSet } from '../../storage/api.ts';
import { emptyColumn, type Grid, type SeriesColumn } from './columns.ts';
import type { QueryGuard } from './guard.ts';
import { columnBytes } from './memory.ts';

/** Where labels of a series are to be had, should anybody ask. */
export interface LabelSource {
  labels(index: number): Labels;
  /** The set that the series are those of, where there is one. */
  readonly stored?: SeriesSet | undefined;
}

/** Takes the series of a vector one after the other. */
export interface ColumnSink {
  /** A column without samples and labels, to be filled; the sink's own. */
  open(): SeriesColumn;
  /** Takes the column last opened, of series `index` of the source; it has a sample. */
  take(column: SeriesColumn, source: LabelSource, index: number): void;
}

/** Steps for which arrays are made at once: a small one of its own costs more than its content. */
const POOLED_STEPS = 8192;
/** Beyond it a column has arrays of its own, and below it V8 keeps them with the object. */
const POOLED_MAX = 1024;
const POOLED_MIN = 9;

/** Keeps all series. */
export class CollectingSink implements ColumnSink {
  readonly series: SeriesColumn[] = [];
  readonly #steps: number;
  readonly #guard: QueryGuard;
  /** Opened and not taken. */
  #spare: SeriesColumn | undefined;
  #values = new Float64Array(0);
  #present = new Uint8Array(0);
  #used = 0;
  readonly #bytes: number;

  constructor({ count }: Grid, guard: QueryGuard) {
    this.#steps = count;
    this.#bytes = columnBytes(count);
    this.#guard = guard;
  }

  open(): SeriesColumn {
    // One that was not taken has no sample.
    const column = (this.#spare ??= this.#make());
    column.histograms = undefined;
    column.dropName = false;
    return column;
  }

  take(column: SeriesColumn, source: LabelSource, index: number): void {
    column.labels = source.labels(index);
    this.#guard.hold(this.#steps);
    this.#guard.memory.hold('vectors', this.#bytes);
    this.series.push(column);
    this.#spare = undefined;
  }

  #make(): SeriesColumn {
    const steps = this.#steps;
    if (steps < POOLED_MIN || steps > POOLED_MAX) return emptyColumn(Labels.EMPTY, steps);
    const from = this.#used;
    const end = from + steps;
    if (end > this.#values.length) {
      this.#values = new Float64Array(POOLED_STEPS);
      this.#present = new Uint8Array(POOLED_STEPS);
      this.#used = 0;
      return this.#make();
    }
    this.#used = end;
    return {
      labels: Labels.EMPTY,
      dropName: false,
      values: this.#values.subarray(from, end),
      present: this.#present.subarray(from, end),
      histograms: undefined,
      isFull: false,
    };
  }
}
