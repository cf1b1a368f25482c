import type { LabOptions, StrategyName } from './lab-options.ts';
import type { CalmResult } from './phases/calm.ts';
import type { DisturbedResult } from './phases/disturbed.ts';
import type { FlexibilityResult } from './phases/flexibility.ts';

/** What was measured of one strategy. A part that failed says why in its place. */
export interface StrategyResult {
  readonly name: StrategyName;
  readonly calm: CalmResult | Unavailable;
  readonly flexibility: FlexibilityResult | Unavailable;
  readonly disturbed: DisturbedResult | Unavailable;
}

export interface Unavailable {
  readonly notAvailable: string;
}

export interface LabResult {
  readonly options: Omit<LabOptions, 'command'>;
  readonly startedAt: string;
  readonly elapsedMs: number;
  readonly strategies: readonly StrategyResult[];
}

export function isUnavailable(part: object): part is Unavailable {
  return 'notAvailable' in part;
}
