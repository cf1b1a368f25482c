import type { FloatHistogram } from '../../../model/index.ts';
import { KahanSum } from '../kahan.ts';
import { usesCustomBuckets } from './bounds.ts';
import { allBuckets } from './buckets.ts';

/** The estimated variance: each bucket's observations are taken to lie at its middle. */
export function histogramVariance(histogram: FloatHistogram): number {
  const mean = histogram.sum / histogram.count;
  const isCustom = usesCustomBuckets(histogram);
  const total = new KahanSum();
  for (const { lower, upper, count } of allBuckets(histogram)) {
    if (count === 0) continue;
    let middle: number;
    if (isCustom) middle = (upper + lower) / 2;
    else if (lower <= 0 && upper >= 0) middle = 0;
    else middle = Math.sign(upper) * Math.sqrt(upper * lower);
    const distance = middle - mean;
    total.add(count * distance * distance);
  }
  return total.total / histogram.count;
}
