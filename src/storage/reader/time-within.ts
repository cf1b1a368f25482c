import type { KernelReader } from '../../kernel/index.ts';
import { SERIES_HAS_HISTOGRAMS } from '../../kernel/index.ts';
import { sampleTime } from './sample-time.ts';

/** Instead of a time: there is a sample, but when is not known. */
export const SOME_TIME = -Infinity;
/** Instead of a time: only histograms, which the kernel does not have, can be within the times. */
export const IN_DOUBT = Infinity;

/**
 * The time of a sample that a series of the head has within the times, `SOME_TIME`, `IN_DOUBT`, or
 * NaN where there is none. `newest` is as captured: NaN where it is before `minTime`.
 */
export function timeWithin(
  kernel: KernelReader,
  ref: number,
  newest: number,
  minTime: number,
  maxTime: number,
): number {
  if (newest !== newest) return NaN;
  const isFlagged = (kernel.flags(ref) & SERIES_HAS_HISTOGRAMS) !== 0;
  // The newest is there, unless it was deleted: then others may be.
  if (newest <= maxTime && kernel.count(ref, newest, maxTime) > 0) {
    return isFlagged ? SOME_TIME : newest;
  }
  const bound = kernel.count(ref, minTime, maxTime);
  if (newest <= maxTime) return bound > 0 || isFlagged ? SOME_TIME : NaN;
  const time = bound > 0 ? sampleTime(kernel, ref, minTime, maxTime) : NaN;
  return Number.isNaN(time) && isFlagged ? IN_DOUBT : time;
}
