import { goGeneral } from '../../annotations.ts';
import { quantileOf } from '../quantile.ts';
import { perWindow } from './over-time.ts';

let scratch = new Float64Array(64);

/** A copy of `[from, to)` that may be sorted; used again by the next call. */
function copyOf(values: Float64Array, from: number, to: number): Float64Array {
  if (to - from > scratch.length) scratch = new Float64Array(2 * (to - from));
  scratch.set(values.subarray(from, to));
  return scratch;
}

export const quantileOverTime = perWindow(({ values }, from, to, step, call) => {
  const phi = call.parameters[0]![step]!;
  if (!(phi >= 0 && phi <= 1)) {
    call.annotations.warn(
      `quantile value should be between 0 and 1, got ${goGeneral(phi)}`,
      call.span,
    );
  }
  return quantileOf(phi, copyOf(values, from, to), to - from);
});

/** The median of the distances from the median; NaN where any value is. */
export const madOverTime = perWindow(({ values }, from, to) => {
  for (let index = from; index < to; index++) {
    if (values[index] !== values[index]) return NaN;
  }
  const length = to - from;
  const copy = copyOf(values, from, to);
  const median = quantileOf(0.5, copy, length);
  for (let index = 0; index < length; index++) copy[index] = Math.abs(copy[index]! - median);
  return quantileOf(0.5, copy, length);
});
