import { compactHistogram, type FloatHistogram } from '../../model/index.ts';
import type { Annotations } from '../annotations.ts';
import {
  HistogramAccumulator,
  IncompatibleHistogramsError,
} from '../functions/histogram/accumulator.ts';
import { HistogramMean } from '../functions/histogram/mean.ts';
import type { SimpleFold } from './aggregate-floats.ts';
import { ABSENT, FLOAT, HISTOGRAM, type SeriesColumn, setFloat, setHistogram } from './columns.ts';
import type { AggregateNode } from './plan.ts';

/** What has been added up at one step. */
interface StepFold {
  total: HistogramAccumulator | HistogramMean;
  hasReset: boolean;
  hasNoReset: boolean;
  /** Exponential and custom buckets met: there is no result. */
  isMixed: boolean;
}

/** Folds the histograms of a group's series beside its floats. */
export class HistogramFold {
  readonly #node: AggregateNode;
  readonly #operator: SimpleFold;
  readonly #annotations: Annotations;
  readonly #counts: Float64Array;
  readonly #folds: (StepFold | undefined)[] = [];

  constructor(node: AggregateNode, operator: SimpleFold, steps: number, annotations: Annotations) {
    this.#node = node;
    this.#operator = operator;
    this.#annotations = annotations;
    this.#counts = new Float64Array(steps);
  }

  add({ present, histograms, labels }: SeriesColumn): void {
    const sums = this.#operator === 'sum' || this.#operator === 'avg';
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== HISTOGRAM) continue;
      this.#counts[step]!++;
      if (sums) this.#addSum(step, histograms![step]!, labels.metricName);
    }
  }

  /** Writes what the histograms change of the floats' results. */
  store(into: SeriesColumn, floatCounts: Float64Array): void {
    for (let step = 0; step < into.present.length; step++) {
      const count = this.#counts[step]!;
      if (count === 0) continue;
      switch (this.#operator) {
        case 'count':
          setFloat(into, step, floatCounts[step]! + count);
          break;
        case 'group':
          setFloat(into, step, 1);
          break;
        case 'sum':
        case 'avg':
          this.#storeSum(into, step, floatCounts[step]! > 0);
          break;
        default:
          this.#annotations.info(
            `ignored histogram in ${this.#operator} aggregation`,
            this.#node.expr.span,
          );
          into.present[step] = floatCounts[step]! > 0 ? FLOAT : ABSENT;
      }
    }
  }

  #addSum(step: number, histogram: FloatHistogram, metricName: string): void {
    let fold = this.#folds[step];
    if (fold === undefined) {
      const total =
        this.#operator === 'avg'
          ? new HistogramMean(histogram)
          : new HistogramAccumulator(histogram);
      fold = { total, hasReset: false, hasNoReset: false, isMixed: false };
      this.#folds[step] = fold;
    } else if (!fold.isMixed) {
      try {
        fold.total.add(histogram);
      } catch (error) {
        if (!(error instanceof IncompatibleHistogramsError)) throw error;
        fold.isMixed = true;
        this.#annotations.warn(
          'vector contains a mix of histograms with exponential and custom buckets schemas for ' +
            `metric name ${JSON.stringify(metricName)}`,
          this.#node.expr.span,
        );
      }
    }
    if (histogram.counterReset === 'reset') fold.hasReset = true;
    if (histogram.counterReset === 'not_reset') fold.hasNoReset = true;
  }

  #storeSum(into: SeriesColumn, step: number, hasFloats: boolean): void {
    const { span } = this.#node.expr;
    if (hasFloats) {
      into.present[step] = ABSENT;
      this.#annotations.warn('encountered a mix of histograms and floats for aggregation', span);
      return;
    }
    const fold = this.#folds[step];
    if (fold === undefined) return;
    const { total, isMixed, hasReset, hasNoReset } = fold;
    if (total.boundsReconciled) {
      this.#annotations.info('mismatched custom buckets were reconciled during aggregation', span);
    }
    if (isMixed) return;
    if (hasReset && hasNoReset) {
      this.#annotations.warn('conflicting counter resets during histogram aggregation', span);
    }
    setHistogram(into, step, compactHistogram(total.result()));
  }
}
