import fc from 'fast-check';
import {
  checkCase,
  type DifferentialCase,
  differentialCase,
  newTally,
} from '../support/naive-promql/differential.ts';
import { checkSteps, newStepsTally, stepsCase } from '../support/naive-promql/steps.ts';

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** Goes on until that many failures were found. */
  readonly failures: number;
  /** Threads, where the work is spread over some. */
  readonly jobs?: number;
  /** Of a simulated life, by ordinal, those that happen; all without it. */
  readonly faults?: readonly number[];
}

/** Runs between two lines of progress; each batch has a seed of its own, the next number. */
const BATCH = 500;

type Print = (line: string) => void;

/** The engine beside the naive evaluator; the number of failures found. */
export function fuzzPromql(options: FuzzOptions, print: Print): Promise<number> {
  return fuzzCases(
    { cases: differentialCase, check: checkCase, tally: newTally() },
    options,
    print,
  );
}

/** Range queries beside instant queries at their steps; the number of failures found. */
export function fuzzPromqlSteps(options: FuzzOptions, print: Print): Promise<number> {
  return fuzzCases({ cases: stepsCase, check: checkSteps, tally: newStepsTally() }, options, print);
}

interface Fuzzed<T> {
  readonly cases: fc.Arbitrary<DifferentialCase>;
  readonly check: (one: DifferentialCase, tally: T) => Promise<void>;
  readonly tally: T;
}

async function fuzzCases<T>(
  { cases, check, tally }: Fuzzed<T>,
  { runs, seed, failures }: FuzzOptions,
  print: Print,
): Promise<number> {
  let failed = 0;
  let done = 0;
  for (let batch = 0; done < runs && failed < failures; batch++) {
    const numRuns = Math.min(BATCH, runs - done);
    const property = fc.asyncProperty(cases, (one) => check(one, tally));
    const outcome = await fc.check(property, { numRuns, seed: seed + batch });
    done += numRuns;
    if (outcome.failed) {
      failed++;
      print(failureText(outcome, seed + batch));
    }
    if (done % (10 * BATCH) === 0 || done === runs) {
      print(`${done} queries, ${failed} failures; ${JSON.stringify(tally)}`);
    }
  }
  return failed;
}

function failureText(outcome: fc.RunDetails<[DifferentialCase]>, seed: number): string {
  const { counterexample, counterexamplePath, errorInstance, numShrinks } = outcome;
  const error = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return [
    `FAILED: replay with --seed ${seed} --runs ${BATCH}; path ${counterexamplePath}`,
    error,
    `after ${numShrinks} shrinks: ${fc.stringify(counterexample?.[0])}`,
    '',
  ].join('\n');
}
