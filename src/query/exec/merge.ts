import type { Labels } from '../../model/index.ts';
import { ABSENT, copySample, emptyColumn, type SeriesColumn } from './columns.ts';
import { duplicateLabelSetError } from './errors.ts';

/**
 * Makes one series of those with equal labels. @throws ExecutionError where two of them have a
 * sample at one step
 */
export function mergeEqualLabels(series: SeriesColumn[]): SeriesColumn[] {
  const byKey = new Map<string, SeriesColumn>();
  for (const column of series) {
    const { key } = column.labels;
    const first = byKey.get(key);
    if (first === undefined) byKey.set(key, column);
    else mergeInto(first, column);
  }
  return byKey.size === series.length ? series : [...byKey.values()];
}

function mergeInto(into: SeriesColumn, from: SeriesColumn): void {
  for (let step = 0; step < from.present.length; step++) {
    if (from.present[step] === ABSENT) continue;
    if (into.present[step] !== ABSENT) throw duplicateLabelSetError();
    copySample(from, into, step);
  }
}

/** Output series by their labels, made when first asked for. */
export class OutputSeries {
  readonly #byKey = new Map<string, SeriesColumn>();
  readonly #steps: number;

  constructor(steps: number) {
    this.#steps = steps;
  }

  get(labels: Labels, dropName: boolean): SeriesColumn {
    let column = this.#byKey.get(labels.key);
    if (column === undefined) {
      column = emptyColumn(labels, this.#steps, dropName);
      this.#byKey.set(labels.key, column);
    }
    return column;
  }

  get size(): number {
    return this.#byKey.size;
  }

  all(): SeriesColumn[] {
    return [...this.#byKey.values()];
  }
}
