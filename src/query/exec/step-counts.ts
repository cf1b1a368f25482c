import type { RangeWindows } from '../functions/range/range-function.ts';
import { ABSENT, type Grid } from './columns.ts';

/**
 * Samples that a query looks at, by step of its own grid. What is looked at on another grid, a
 * subquery's, is counted where the outer function looks at the subquery's points.
 */
export class StepCounts {
  readonly grid: Grid;
  readonly counts: Float64Array;

  constructor(grid: Grid) {
    this.grid = grid;
    this.counts = new Float64Array(grid.count);
  }

  /** One sample at each step at which a column has something. */
  addPresent(grid: Grid, present: Uint8Array): void {
    if (grid !== this.grid) return;
    const { counts } = this;
    for (let step = 0; step < counts.length; step++) {
      if (present[step] !== ABSENT) counts[step] = (counts[step] ?? 0) + 1;
    }
  }

  /** All samples in each window. */
  addWindows(grid: Grid, windows: RangeWindows): void {
    if (grid !== this.grid) return;
    const { counts } = this;
    const { floatFrom, floatTo, histogramFrom, histogramTo } = windows;
    for (let step = 0; step < counts.length; step++) {
      const floats = floatTo[step]! - floatFrom[step]!;
      const histograms = histogramTo[step]! - histogramFrom[step]!;
      counts[step] = (counts[step] ?? 0) + floats + histograms;
    }
  }

  /** What a part that is the same at every step looks at, at each of them. */
  addEverywhere(grid: Grid, samples: number): void {
    if (grid !== this.grid) return;
    for (let step = 0; step < this.counts.length; step++) {
      this.counts[step] = (this.counts[step] ?? 0) + samples;
    }
  }
}
