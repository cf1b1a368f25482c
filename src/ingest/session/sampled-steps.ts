import type { IntervalSet } from '../../util/index.ts';

const NO_STEPS: readonly number[] = [];
const NO_TIMES = new Float64Array(0);

/** The steps of time that samples fall into: as long as an agent samples, it lives. */
export class SampledSteps {
  readonly #stepMs: number;
  /** In any order, seldom one of them twice. */
  readonly #steps: number[] = [];
  #lastStep = Number.NaN;
  /** Times that were noted last, of one series: mostly those of the next one too. */
  #times: Float64Array = NO_TIMES;
  #start = 0;
  #end = 0;

  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  /** Notes the times `[start, end)` of one series, which must stay there for the next ones. */
  noteAll(times: Float64Array, start: number, end: number): void {
    if (this.#areNoted(times, start, end)) return;
    for (let at = start; at < end; at++) this.note(times[at]!);
    this.#times = times;
    this.#start = start;
    this.#end = end;
  }

  note(timestamp: number): void {
    const step = Math.floor(timestamp / this.#stepMs);
    if (step === this.#lastStep || step < 0) return;
    this.#lastStep = step;
    this.#steps.push(step);
  }

  /** Those that `known` does not have, ascending. */
  missingFrom(known: IntervalSet): readonly number[] {
    // Fast path: a batch of a tick falls into one, which is mostly known.
    const [first] = this.#steps;
    if (this.#steps.length === 1 && first !== undefined)
      return known.has(first) ? NO_STEPS : [first];
    const steps = this.#steps.filter((step) => !known.has(step)).sort((a, b) => a - b);
    return steps.filter((step, index) => step !== steps[index - 1]);
  }

  #areNoted(times: Float64Array, start: number, end: number): boolean {
    const before = this.#times;
    const offset = this.#start - start;
    if (end - start !== this.#end - this.#start) return false;
    for (let at = start; at < end; at++) {
      if (times[at] !== before[at + offset]) return false;
    }
    return true;
  }
}
