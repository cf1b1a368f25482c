import { messageOf } from '../../../src/model/index.ts';
import { MemoryQueryable } from '../../support/memory-queryable.ts';
import { ConformanceFailure } from '../area.ts';
import { atVariants, type Variant } from './at-variants.ts';
import { compareAnnotations, compareValue } from './compare.ts';
import { applyLoad } from './load.ts';
import type { Command, EvalCommand, InstantTimes, RangeTimes } from './script.ts';
import type { Evaluate, ResultSeries, ScriptResult, ScriptValue } from './script-engine.ts';

/** These ask for the range of the query itself, which a variant changes. */
const ASKS_FOR_RANGE = /\b(?:start|end|range|step)\(\)/;
const STEP_MS = 60_000;

/** Runs the commands of one script up to each of its evaluations, in any order. */
export class ScriptRun {
  readonly #commands: readonly Command[];
  readonly #evaluate: Evaluate;
  readonly #data = new MemoryQueryable();
  #done = 0;

  constructor(commands: readonly Command[], evaluate: Evaluate) {
    this.#commands = commands;
    this.#evaluate = evaluate;
  }

  /** @throws ConformanceFailure where the engine's answer is not what the script expects. */
  async check(command: EvalCommand): Promise<void> {
    this.#loadUpTo(command);
    if (command.times.kind === 'range') await this.#checkRange(command, command.times);
    else await this.#checkInstant(command, command.times);
  }

  #loadUpTo(command: EvalCommand): void {
    const index = this.#commands.indexOf(command);
    if (index < this.#done) {
      this.#data.clear();
      this.#done = 0;
    }
    for (; this.#done < index; this.#done++) {
      const next = this.#commands[this.#done];
      if (next?.kind === 'clear') this.#data.clear();
      if (next?.kind === 'load') applyLoad(next, this.#data);
    }
  }

  async #checkRange(command: EvalCommand, times: RangeTimes): Promise<void> {
    const result = await this.#answer(command, command.query, times);
    if (result === undefined) return;
    compareAnnotations(result, command.expectations);
    compareValue(result, command.expectations, times);
  }

  async #checkInstant(command: EvalCommand, { timeMs }: InstantTimes): Promise<void> {
    await this.#checkAt(command, { query: command.query, timeMs });
    for (const variant of atVariants(command.query, timeMs)) {
      await during(`as ${variant.query} at ${variant.timeMs / 1000} s`, () =>
        this.#checkAt(command, variant),
      );
    }
  }

  async #checkAt(command: EvalCommand, { query, timeMs }: Variant): Promise<void> {
    const { expectations } = command;
    const result = await this.#answer(command, query, { kind: 'instant', timeMs });
    if (result === undefined) return;
    compareAnnotations(result, expectations);
    compareValue(result, expectations, expectations.rangeVector);
    const isComparable = result.value.kind === 'scalar' || result.value.kind === 'vector';
    // A range query has its own order, and its own range.
    if (!isComparable || expectations.ordered || ASKS_FOR_RANGE.test(query)) return;
    await during('as a step of a range', () =>
      this.#checkSteps(command, result, { query, timeMs }),
    );
  }

  /** The same as the only step of a range, and as one in the middle. */
  async #checkSteps(
    command: EvalCommand,
    { value: { kind } }: ScriptResult,
    { query, timeMs }: Variant,
  ): Promise<void> {
    for (const aroundMs of [0, STEP_MS]) {
      const times: RangeTimes = {
        kind: 'range',
        startMs: timeMs - aroundMs,
        endMs: timeMs + aroundMs,
        stepMs: STEP_MS,
      };
      const result = await this.#answer(command, query, times);
      if (result === undefined) continue;
      const value = stepOf(result.value, timeMs, kind === 'scalar');
      compareValue({ ...result, value }, command.expectations, undefined);
    }
  }

  /** Undefined where the query failed as it should. */
  async #answer(
    { expectations }: EvalCommand,
    query: string,
    times: InstantTimes | RangeTimes,
  ): Promise<ScriptResult | undefined> {
    const { fail } = expectations;
    let result: ScriptResult;
    try {
      result = await this.#evaluate(query, times, this.#data);
    } catch (error) {
      const message = messageOf(error);
      if (fail?.matches(message) === true) return undefined;
      const wanted = fail === undefined ? 'an answer' : `an error: ${fail.shown}`;
      const stack = error instanceof TypeError || error instanceof RangeError ? error.stack : '';
      throw new ConformanceFailure(wanted, `error: ${message}${stack ?? ''}`);
    }
    if (fail === undefined) return result;
    throw new ConformanceFailure(`an error: ${fail.shown}`, 'an answer');
  }
}

/** What a matrix holds at one time, as an instant query would give it. */
function stepOf(value: ScriptValue, timeMs: number, isScalar: boolean): ScriptValue {
  if (value.kind === 'scalar' || value.kind === 'string') return value;
  const series: ResultSeries[] = value.series
    .map(({ labels, points }) => ({
      labels,
      points: points.filter(({ timestamp }) => timestamp === timeMs),
    }))
    .filter(({ points }) => points.length > 0);
  const first = series[0]?.points[0]?.value;
  if (!isScalar || typeof first !== 'number') return { kind: 'vector', series };
  return { kind: 'scalar', value: first };
}

/** Names the variant in a failure's message. */
async function during(what: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof ConformanceFailure)) throw error;
    error.message = `${what}\n${error.message}`;
    throw error;
  }
}
