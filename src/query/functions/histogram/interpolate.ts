import type { FloatHistogram } from '../../../model/index.ts';
import { addHistograms, scaleHistogram, subtractHistograms } from './arithmetic.ts';
import { isHistogramReset } from './reset.ts';

export interface HistogramPoint {
  readonly timestamp: number;
  readonly histogram: FloatHistogram;
}

/**
 * The histogram at `time` on the line between two, from nothing on where a counter was reset.
 * Custom bounds that had to be reconciled are told by the operation's name.
 * @throws IncompatibleHistogramsError
 */
export function interpolateHistograms(
  before: HistogramPoint,
  after: HistogramPoint,
  time: number,
  isCounter: boolean,
  reconciled: (operation: 'subtraction' | 'addition') => void,
): FloatHistogram {
  if (time === before.timestamp) return before.histogram;
  if (time === after.timestamp) return after.histogram;
  const share = (time - before.timestamp) / (after.timestamp - before.timestamp);
  if (isCounter && isHistogramReset(after.histogram, before.histogram)) {
    return scaleHistogram(after.histogram, share);
  }
  const difference = subtractHistograms(after.histogram, before.histogram);
  if (difference.boundsReconciled) reconciled('subtraction');
  const sum = addHistograms(scaleHistogram(difference.histogram, share), before.histogram);
  if (sum.boundsReconciled) reconciled('addition');
  return sum.histogram;
}
