export type CoverageStatus = 'FULL' | 'ON_CHANGE' | 'PARTIAL' | 'SKIPPED';

export type SkipReason =
  | 'NONE'
  | 'TARGET_FAILED'
  | 'OVERRUN'
  | 'PAUSED'
  | 'SHED'
  | 'CLOCK_STEP'
  | 'LIMIT';

/**
 * Accounts for every series of a group at ticks `tickFrom` to `tickTo`, both included:
 * seriesCount × ticks = present + suppressed + shed + failed, which decoding checks. The four are
 * sums over all ticks.
 */
export interface CoverageEntry {
  readonly group: number;
  /** Tick k is at anchor + k × interval. */
  readonly tickFrom: number;
  readonly tickTo: number;
  readonly status: CoverageStatus;
  /** Of ON_CHANGE: the tolerance that absent values are within; 0 otherwise. */
  readonly toleranceId: number;
  readonly reason: SkipReason;
  /**
   * A group too large for one frame is sealed in parts of fixed series, each with its own entries.
   * A tick is explained when parts 0 to `parts` - 1 are. Default 0 of 1.
   */
  readonly part: number;
  readonly parts: number;
  /** Series scheduled at each tick, of this part. */
  readonly seriesCount: number;
  readonly presentCount: number;
  readonly suppressedCount: number;
  readonly shedCount: number;
  readonly failedCount: number;
}

/** What a BATCH says beside its samples. */
export interface BatchHead {
  /** The schema version that its series ids need. */
  readonly schemaVersion: number;
  /** The policy in force when it was sealed. */
  readonly policyVersion: number;
  readonly coverage: readonly CoverageEntry[];
}
