import type { Labels } from '../../model/index.ts';
import { ABSENT, copySample, emptyColumn, type SeriesColumn } from './columns.ts';
import { duplicateLabelSetError } from './errors.ts';
import type { QueryGuard } from './guard.ts';
import { columnBytes } from './memory.ts';

/** What makes two series one: their labels, and whether these will lose the name. */
function identityOf(labels: Labels, dropName: boolean): string {
  return dropName ? `${labels.key}${NAMELESS}` : labels.key;
}

/** No other key ends so: a part that holds a separator is written with its length. */
const NAMELESS = '\u0000';

/**
 * Makes one series of those with equal labels, unless one of them will lose its name and the other
 * will not. @throws ExecutionError where two that are one have a sample at one step
 */
export function mergeEqualLabels(series: SeriesColumn[]): SeriesColumn[] {
  const byKey = new Map<string, SeriesColumn>();
  for (const column of series) {
    const key = identityOf(column.labels, column.dropName);
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

/** Output series by their labels and `dropName`, made when first asked for. */
export class OutputSeries {
  readonly #byKey = new Map<string, SeriesColumn>();
  readonly #steps: number;
  readonly #guard: QueryGuard | undefined;

  /** With a guard the memory of the series is counted. */
  constructor(steps: number, guard?: QueryGuard) {
    this.#steps = steps;
    this.#guard = guard;
  }

  get(labels: Labels, dropName: boolean): SeriesColumn {
    const key = identityOf(labels, dropName);
    let column = this.#byKey.get(key);
    if (column === undefined) {
      this.#guard?.memory.hold('vectors', columnBytes(this.#steps));
      column = emptyColumn(labels, this.#steps, dropName);
      this.#byKey.set(key, column);
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
