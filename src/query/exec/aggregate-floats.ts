import { FLOAT } from './columns.ts';

/** Aggregations that take in one value after the other. */
export type SimpleFold = 'sum' | 'avg' | 'min' | 'max' | 'count' | 'group' | 'stddev' | 'stdvar';

const SIMPLE: ReadonlySet<string> = new Set<SimpleFold>([
  ...(['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'] as const),
]);

export function isSimpleFold(operator: string): operator is SimpleFold {
  return SIMPLE.has(operator);
}

/** Folds the float samples of a group's series, step by step side by side. */
export class FloatFold {
  /** Float samples seen at each step, without those of `#fullSeries`. */
  readonly #counts: Float64Array;
  /** Series that had a float at every step, where they were not counted step by step. */
  #fullSeries = 0;
  readonly #operator: SimpleFold;
  /** Sum, extreme, or sum of squared distances. */
  readonly #main: Float64Array;
  /** What rounding lost of a sum, or the running mean of a variance. */
  readonly #extra: Float64Array;
  /** Running means of those steps whose sum has overflowed; 0 elsewhere. */
  #means: Float64Array | undefined;
  #overflowed: Uint8Array | undefined;

  constructor(operator: SimpleFold, steps: number) {
    this.#operator = operator;
    this.#counts = new Float64Array(steps);
    this.#main = new Float64Array(steps);
    this.#extra = new Float64Array(steps);
    // The sum of nothing to which -0 can be added.
    if (operator === 'sum') this.#main.fill(-0);
  }

  /** Takes in one series. */
  add(values: Float64Array, present: Uint8Array): void {
    switch (this.#operator) {
      case 'sum':
        this.#addSums(values, present);
        return;
      case 'avg':
        this.#addMeans(values, present);
        return;
      case 'min':
        this.#addMinima(values, present);
        return;
      case 'max':
        this.#addMaxima(values, present);
        return;
      case 'stddev':
      case 'stdvar':
        this.#addVariances(values, present);
        return;
      default:
        for (let step = 0; step < present.length; step++) {
          if (present[step] === FLOAT) this.#counts[step]!++;
        }
    }
  }

  /** Takes in a series with a float at every step, if there is a faster way for that. */
  addFull(values: Float64Array): boolean {
    switch (this.#operator) {
      case 'sum':
        this.#fullSeries++;
        this.#addFullSums(values);
        return true;
      case 'count':
      case 'group':
        this.#fullSeries++;
        return true;
      default:
        return false;
    }
  }

  /**
   * Writes the results of the steps at which there were any floats; returns how many at each step.
   * To be called once.
   */
  store(into: Float64Array): Float64Array {
    const counts = this.#counts;
    if (this.#fullSeries > 0) {
      for (let step = 0; step < counts.length; step++) counts[step]! += this.#fullSeries;
    }
    for (let step = 0; step < into.length; step++) {
      if (counts[step] !== 0) into[step] = this.#result(step);
    }
    return counts;
  }

  #result(step: number): number {
    const main = this.#main[step]!;
    const extra = this.#extra[step]!;
    const count = this.#counts[step]!;
    switch (this.#operator) {
      case 'sum':
        // Beyond all numbers nothing is known of what rounding lost.
        return main === Infinity || main === -Infinity ? main : main + extra;
      case 'avg':
        if (this.#overflowed?.[step] === 1) return this.#means![step]! + extra;
        return main / count + extra / count;
      case 'stdvar':
        return main / count;
      case 'stddev':
        return Math.sqrt(main / count);
      case 'count':
        return count;
      case 'group':
        return 1;
      default:
        return main;
    }
  }

  // As `#addSums`: without branches and counts, half the time.
  #addFullSums(values: Float64Array): void {
    const sums = this.#main;
    const rests = this.#extra;
    for (let step = 0; step < sums.length; step++) {
      const value = values[step]!;
      const sum = sums[step]!;
      const next = sum + value;
      const added = next - sum;
      sums[step] = next;
      rests[step]! += sum - (next - added) + (value - added);
    }
  }

  // Knuth's two-sum: what rounding loses, without a look at which of the two is larger.
  #addSums(values: Float64Array, present: Uint8Array): void {
    const counts = this.#counts;
    const sums = this.#main;
    const rests = this.#extra;
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      const value = values[step]!;
      const sum = sums[step]!;
      const next = sum + value;
      counts[step]!++;
      sums[step] = next;
      const added = next - sum;
      rests[step]! += sum - (next - added) + (value - added);
    }
  }

  #addMeans(values: Float64Array, present: Uint8Array): void {
    const counts = this.#counts;
    const sums = this.#main;
    const rests = this.#extra;
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      const value = values[step]!;
      const count = ++counts[step]!;
      if (count === 1) {
        sums[step] = value;
        continue;
      }
      const sum = sums[step]!;
      const next = sum + value;
      if (this.#overflowed?.[step] === 1 || next === Infinity || next === -Infinity) {
        this.#addToMean(step, value, count);
        continue;
      }
      if (Math.abs(sum) >= Math.abs(value)) rests[step]! += sum - next + value;
      else rests[step]! += value - next + sum;
      sums[step] = next;
    }
  }

  // Once a sum overflows, its step goes on with a running mean.
  #addToMean(step: number, value: number, count: number): void {
    this.#means ??= new Float64Array(this.#counts.length);
    this.#overflowed ??= new Uint8Array(this.#counts.length);
    if (this.#overflowed[step] === 0) {
      this.#overflowed[step] = 1;
      this.#means[step] = this.#main[step]! / (count - 1);
      this.#extra[step]! /= count - 1;
    }
    const share = (count - 1) / count;
    const mean = share * this.#means[step]!;
    const rest = share * this.#extra[step]!;
    const term = value / count;
    const next = mean + term;
    if (next === Infinity || next === -Infinity) this.#extra[step] = 0;
    else if (Math.abs(mean) >= Math.abs(term)) this.#extra[step] = rest + (mean - next + term);
    else this.#extra[step] = rest + (term - next + mean);
    this.#means[step] = next;
  }

  #addMinima(values: Float64Array, present: Uint8Array): void {
    const least = this.#main;
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      const value = values[step]!;
      const before = least[step]!;
      // Any number is preferred to NaN.
      if (this.#counts[step]!++ === 0 || before > value || before !== before) least[step] = value;
    }
  }

  #addMaxima(values: Float64Array, present: Uint8Array): void {
    const greatest = this.#main;
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      const value = values[step]!;
      const before = greatest[step]!;
      if (this.#counts[step]!++ === 0 || before < value || before !== before)
        greatest[step] = value;
    }
  }

  #addVariances(values: Float64Array, present: Uint8Array): void {
    const counts = this.#counts;
    const squares = this.#main;
    const means = this.#extra;
    for (let step = 0; step < present.length; step++) {
      if (present[step] !== FLOAT) continue;
      const value = values[step]!;
      const count = ++counts[step]!;
      if (count === 1) {
        means[step] = value;
        squares[step] = Number.isFinite(value) ? 0 : NaN;
        continue;
      }
      const distance = value - means[step]!;
      means[step]! += distance / count;
      squares[step]! += distance * (value - means[step]!);
    }
  }
}
