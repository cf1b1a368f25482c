import { BatchColumns } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import type { SeriesDescription } from './series-table.ts';

/** One reading of a source: filled by it, taken by the sampler, used again. */
export class Reading {
  readonly columns = new BatchColumns(256);
  /** The source could not be read: its series count as failed at this tick. */
  failed = false;

  reset(): void {
    this.columns.reset();
    this.failed = false;
  }
}

/** Names series of one group. */
export interface SeriesNamer {
  /** The id of a series; `describe` is asked the first time only. */
  id(labels: Labels, describe: () => SeriesDescription): number;
  /** Whether the id still stands for a series. */
  isKnown(id: number): boolean;
}

/** Where the samples of one group come from. */
export interface GroupSource {
  /** Unique within the agent; what policies and people call the group. */
  readonly name: string;
  /** Whether the source itself puts staleness markers where its series end. */
  readonly marksEnds: boolean;
  /**
   * Reads once, for time `timestamp`, into `reading`. One call at a time. May throw: the reading
   * then counts as failed.
   */
  read(timestamp: number, reading: Reading, signal: AbortSignal): Promise<void> | void;
  close?(): Promise<void>;
}
