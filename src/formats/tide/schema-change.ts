import type { Labels, MetricType } from '../../model/index.ts';

export type PriorityClass = 'A' | 'B' | 'C';

/** 64 bits as two unsigned words. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

/** One series of the schema. Ids are not used again within an epoch. */
export interface SchemaSeries {
  /** 0 to 2^32 - 2. */
  readonly id: number;
  readonly labels: Labels;
  /** The metric family that the four following describe. */
  readonly family: string;
  readonly type: MetricType;
  readonly unit: string;
  readonly help: string;
  /** The scrape group. */
  readonly group: number;
  readonly priority: PriorityClass;
}

/** The content of one SCHEMA frame: additions, then ends. */
export interface SchemaChange {
  /** From 1 on, one more with each SCHEMA frame of the epoch. */
  readonly version: number;
  /**
   * The version that this one follows; the one before where it is not given. Those between had only
   * series that nothing is held of.
   */
  readonly after?: number;
  /** Ascending by id. */
  readonly series: readonly SchemaSeries[];
  /** Ids of series that ended. Ascending. */
  readonly tombstones: readonly number[];
  /** Of the schema after this change; see `schemaHash`. */
  readonly hash: Hash64;
}
