import type { Kernel } from '../../kernel/index.ts';
import { SampleOutcome } from '../api.ts';
import type { Commit, HistogramEntry } from './commit.ts';
import type { HistogramTable } from './histogram-table.ts';
import { sameHistogram } from './histogram-timeline.ts';

export interface HistogramApplierParts {
  readonly histograms: HistogramTable;
  /** The series that a ref stands for; 0 where it is gone. */
  resolve(ref: number): number;
  /** The memory that the series is in. */
  kernelOf(ref: number): Kernel;
  /** Told of a series that has its first histogram. */
  onFirst(ref: number): void;
}

/** Stores histograms beside the floats of their series, which the kernel holds. */
export class HistogramApplier {
  readonly #parts: HistogramApplierParts;
  readonly #found = new Uint32Array(2);

  constructor(parts: HistogramApplierParts) {
    this.#parts = parts;
  }

  /**
   * Stores the histograms of a commit, in order; adds what became of them to `counts`, and returns
   * it by histogram where not all were stored.
   */
  apply({ bounds, histograms }: Commit, counts: Uint32Array): Uint8Array | undefined {
    const { minTime, maxTime, windowMs } = bounds;
    let outcomes: Uint8Array | undefined;
    for (const [index, entry] of histograms.entries()) {
      const { timestamp } = entry;
      const ref = this.#parts.resolve(entry.ref);
      let outcome: SampleOutcome;
      if (ref === 0) outcome = SampleOutcome.UNKNOWN_SERIES;
      else if (!Number.isInteger(timestamp) || timestamp < minTime || timestamp > maxTime) {
        outcome = SampleOutcome.OUT_OF_BOUNDS;
      } else outcome = this.add({ ...entry, ref }, windowMs);
      counts[outcome] = counts[outcome]! + 1;
      if (outcome === SampleOutcome.STORED) continue;
      outcomes ??= new Uint8Array(histograms.length);
      outcomes[index] = outcome;
    }
    return outcomes;
  }

  /** Stores one whose time is within bounds and whose ref is the series' own. */
  add({ ref, timestamp, histogram }: HistogramEntry, windowMs: number): SampleOutcome {
    const kernel = this.#parts.kernelOf(ref);
    const newest = kernel.newestTime(ref);
    if (timestamp < newest - windowMs) return SampleOutcome.OUT_OF_ORDER;
    if (timestamp <= newest) {
      const timeline = this.#parts.histograms.get(ref);
      const index = timeline?.find(timestamp) ?? -1;
      if (index >= 0) {
        const same = sameHistogram(timeline?.at(index), histogram);
        return same ? SampleOutcome.DUPLICATE : SampleOutcome.CONFLICT;
      }
      if (kernel.find(ref, timestamp, this.#found)) return SampleOutcome.CONFLICT;
    }
    const isFirst = this.#parts.histograms.insert(ref, timestamp, histogram);
    if (isFirst) {
      kernel.setHistogramFlag(ref, true);
      this.#parts.onFirst(ref);
    }
    kernel.touchSeries(ref, timestamp);
    return SampleOutcome.STORED;
  }
}
