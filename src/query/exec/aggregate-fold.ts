import type { Labels } from '../../model/index.ts';
import { FloatFold, type SimpleFold } from './aggregate-floats.ts';
import { HistogramFold } from './aggregate-histograms.ts';
import { emptyColumn, FLOAT, type Grid, type SeriesColumn } from './columns.ts';
import type { EvalContext } from './context.ts';
import { columnBytes } from './memory.ts';
import type { AggregateNode } from './plan.ts';

/** Counts, sums and what rounding lost of them. */
const FOLD_STEP_BYTES = 3 * Float64Array.BYTES_PER_ELEMENT;

/** Folds the series of one group into one. */
export class GroupFold {
  readonly #node: AggregateNode;
  readonly #operator: SimpleFold;
  readonly #context: EvalContext;
  readonly #column: SeriesColumn;
  readonly #floats: FloatFold;
  #histograms: HistogramFold | undefined;

  constructor(
    node: AggregateNode,
    operator: SimpleFold,
    labels: Labels,
    { count }: Grid,
    context: EvalContext,
  ) {
    this.#node = node;
    this.#operator = operator;
    this.#context = context;
    context.guard.memory.hold('groups', columnBytes(count) + FOLD_STEP_BYTES * count);
    this.#column = emptyColumn(labels, count);
    this.#floats = new FloatFold(operator, count);
  }

  /**
   * Takes a series in; nothing is kept of it but its histograms. `isFull`: it is known to have a
   * float at every step.
   */
  add(series: SeriesColumn, isFull = false): void {
    const { annotations, guard } = this.#context;
    const steps = this.#column.present.length;
    guard.tick(steps);
    if (series.dropName) this.#column.dropName = true;
    if (!isFull || !this.#floats.addFull(series.values)) {
      this.#floats.add(series.values, series.present);
    }
    if (series.histograms !== undefined) {
      this.#histograms ??= new HistogramFold(this.#node, this.#operator, steps, annotations);
      this.#histograms.add(series);
    }
  }

  /** The result, given away: to be called once. */
  finish(): SeriesColumn {
    const column = this.#column;
    const counts = this.#floats.store(column.values);
    for (let step = 0; step < counts.length; step++) {
      if (counts[step]! > 0) column.present[step] = FLOAT;
    }
    this.#histograms?.store(column, counts);
    return column;
  }
}
