import { Labels } from '../../model/index.ts';
import type { SeriesSet } from '../../storage/api.ts';
import { emptyColumn, type Grid, type SeriesColumn } from './columns.ts';
import type { QueryGuard } from './guard.ts';

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

/** Keeps all series. */
export class CollectingSink implements ColumnSink {
  readonly series: SeriesColumn[] = [];
  readonly #steps: number;
  readonly #guard: QueryGuard;

  constructor({ count }: Grid, guard: QueryGuard) {
    this.#steps = count;
    this.#guard = guard;
  }

  open(): SeriesColumn {
    return emptyColumn(Labels.EMPTY, this.#steps);
  }

  take(column: SeriesColumn, source: LabelSource, index: number): void {
    column.labels = source.labels(index);
    this.#guard.hold(this.#steps);
    this.series.push(column);
  }
}
