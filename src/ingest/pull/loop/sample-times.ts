import type { BodyColumns } from '../../../kernel/index.ts';
import { NO_SERIES } from '../../../storage/api.ts';
import { AHEAD_MS_MAX, type BodyCounts } from './body-counts.ts';
import type { SeriesRules } from './series-resolver.ts';

export interface TimeRules {
  /** Time of the scrape, in milliseconds. */
  readonly timestamp: number;
  readonly rules: SeriesRules;
  /** Whether a series may be in the body more than once. */
  readonly hasRepeats: boolean;
}

export interface TimedSeries {
  /** Series that get no staleness marker when they vanish. */
  readonly untracked: Uint32Array;
  /** Series whose first sample is too far ahead: they do not count as added. */
  readonly refused: readonly number[];
}

/**
 * Gives the samples of a body their times (NaN: none of their own), and takes the ref from those
 * that are not to be stored: a second one of a series without a time of its own, and those too far
 * ahead.
 */
export function decideTimes(
  { length, refs, timestamps }: BodyColumns,
  { timestamp, rules, hasRepeats }: TimeRules,
  counts: BodyCounts,
): TimedSeries {
  const { trackTimestampsStaleness, honorTimestamps } = rules.config;
  const seen = new Set<number>();
  const tracked = new Set<number>();
  const untracked = new Set<number>();
  const refused: number[] = [];
  for (let index = 0; index < length; index++) {
    const ref = refs[index]!;
    if (ref === NO_SERIES) continue;
    const time = timestamps[index]!;
    const isExplicit = honorTimestamps && time === time;
    const isRepeated = hasRepeats && seen.has(ref);
    if (hasRepeats) seen.add(ref);
    if (!isExplicit && isRepeated) {
      counts.duplicate++;
      refs[index] = NO_SERIES;
    } else if (!isExplicit) {
      timestamps[index] = timestamp;
      if (hasRepeats) tracked.add(ref);
    } else if (time > timestamp + AHEAD_MS_MAX) {
      counts.outOfBounds++;
      refs[index] = NO_SERIES;
      untracked.add(ref);
      if (!isRepeated) refused.push(ref);
    } else if (!trackTimestampsStaleness) {
      untracked.add(ref);
    } else if (hasRepeats) {
      tracked.add(ref);
    }
  }
  for (const ref of tracked) untracked.delete(ref);
  return { untracked: Uint32Array.from(untracked), refused };
}
