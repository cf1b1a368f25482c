import { setFloat } from '../../exec/columns.ts';
import { KahanSum } from '../kahan.ts';
import type { FloatKernel, RangeCall, RangeSeries } from './range-function.ts';

/** A kernel that looks at each window that has floats by itself. */
export function perWindow(
  evaluate: (
    series: RangeSeries,
    from: number,
    to: number,
    step: number,
    call: RangeCall,
  ) => number,
  atLeast = 1,
): FloatKernel {
  return (series, call, out) => {
    const { count, floatFrom, floatTo } = call.windows;
    for (let step = 0; step < count; step++) {
      const from = floatFrom[step]!;
      const to = floatTo[step]!;
      call.guard.tick(to - from);
      if (to - from >= atLeast) setFloat(out, step, evaluate(series, from, to, step, call));
    }
  };
}

const total = new KahanSum();

export const sumOverTime = perWindow(({ values }, from, to) => {
  total.reset();
  for (let index = from; index < to; index++) total.add(values[index]!);
  const { sum } = total;
  return sum === Infinity || sum === -Infinity ? sum : total.total;
});

export const avgOverTime = perWindow(({ values }, from, to) => {
  total.reset(values[from]);
  for (let index = from + 1; index < to; index++) {
    const { sum, rest } = total;
    total.add(values[index]!);
    if (total.sum === Infinity || total.sum === -Infinity) {
      return incrementalMean(values, { from, index, to }, sum, rest);
    }
  }
  const count = to - from;
  return total.sum / count + total.rest / count;
});

/** Goes on from `index` with a running mean, because the sum would overflow. */
function incrementalMean(
  values: Float64Array,
  { from, index, to }: { from: number; index: number; to: number },
  sum: number,
  rest: number,
): number {
  total.reset(sum / (index - from));
  total.rest = rest / (index - from);
  for (let next = index; next < to; next++) {
    const count = next - from + 1;
    const share = (count - 1) / count;
    total.sum *= share;
    total.rest *= share;
    total.add(values[next]! / count);
  }
  return total.total;
}

export const countOverTime = perWindow((_series, from, to) => to - from);
export const presentOverTime = perWindow(() => 1);
export const lastOverTime = perWindow(({ values }, _from, to) => values[to - 1]!);
export const firstOverTime = perWindow(({ values }, from) => values[from]!);
export const timeOfLast = perWindow(({ times }, _from, to) => times[to - 1]! / 1000);
export const timeOfFirst = perWindow(({ times }, from) => times[from]! / 1000);

const squares = new KahanSum();

/** Variance by Welford's method with compensated sums. */
function variance(values: Float64Array, from: number, to: number): number {
  total.reset();
  squares.reset();
  for (let index = from; index < to; index++) {
    const value = values[index]!;
    const distance = value - total.total;
    total.add(distance / (index - from + 1));
    squares.add(distance * (value - total.total));
  }
  return squares.total / (to - from);
}

export const stdvarOverTime = perWindow(({ values }, from, to) => variance(values, from, to));
export const stddevOverTime = perWindow(({ values }, from, to) =>
  Math.sqrt(variance(values, from, to)),
);

/**
 * min, max and the times of them. Windows move forward, so the extreme of the one before holds
 * while it is still inside; only then is the window looked through again.
 */
export function extremeOverTime(
  isBetter: (value: number, best: number) => boolean,
  kept: 'value' | 'time',
): FloatKernel {
  return ({ values, times }, call, out) => {
    const { count, floatFrom, floatTo } = call.windows;
    let best = -1;
    let seen = 0;
    for (let step = 0; step < count; step++) {
      const from = floatFrom[step]!;
      const to = floatTo[step]!;
      if (to === from) continue;
      if (best < from) {
        best = from;
        seen = from;
      }
      for (; seen < to; seen++) {
        const before = values[best]!;
        // Any number is preferred to NaN.
        if (isBetter(values[seen]!, before) || before !== before) best = seen;
      }
      setFloat(out, step, kept === 'value' ? values[best]! : times[best]! / 1000);
    }
  };
}
