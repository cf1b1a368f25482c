import type { Kernel } from '../../kernel/index.ts';
import type { Labels, SampleColumns } from '../../model/index.ts';
import type { HistogramSample } from '../api.ts';

/** Float samples of one series as a checkpoint has them, ascending. */
export interface RestoredSamples {
  readonly isEmpty: boolean;
  /**
   * Puts them into a series of the kernel that has none.
   * @throws KernelMemoryError, or what reading a record throws where they are damaged
   */
  putInto(kernel: Kernel, ref: number): void;
  /** All of them unpacked, with the help of any kernel. Throws likewise. */
  columns(kernel: Kernel): SampleColumns;
}

/** A series with all it holds, ascending by time. */
export interface RestoredSeries {
  readonly ref: number;
  readonly labels: Labels;
  readonly samples: RestoredSamples;
  readonly histograms: readonly HistogramSample[];
  /**
   * The newest time of the series where it is not that of its newest sample: that one was deleted
   * while the checkpoint was written, and the log behind it has the delete.
   */
  readonly newest?: number;
}

/** Samples that were read as columns, which stay their owner's. */
export class RestoredColumns implements RestoredSamples {
  readonly #columns: SampleColumns;

  constructor(columns: SampleColumns) {
    this.#columns = columns;
  }

  get isEmpty(): boolean {
    return this.#columns.length === 0;
  }

  putInto(kernel: Kernel, ref: number): void {
    const { timestamps, words, length } = this.#columns;
    kernel.restoreSamples(ref, timestamps, words, length);
  }

  columns(): SampleColumns {
    return this.#columns;
  }
}
