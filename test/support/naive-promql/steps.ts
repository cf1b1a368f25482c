import fc from 'fast-check';
import { createEngine } from '../../../src/query/index.ts';
import { MemoryQueryable } from '../memory-queryable.ts';
import { arbitraryData, DATA_BEGIN } from './arbitrary-data.ts';
import { arbitraryTimes } from './arbitrary-query.ts';
import { type Answer, differences } from './compare.ts';
import { answerOf, type DifferentialCase, mayFailBetween, stepsOf } from './differential.ts';
import { wideQuery } from './wide-query.ts';

const FORM = { isShared: false, beginMs: DATA_BEGIN };

/** One range query of every kind. */
export const stepsCase: fc.Arbitrary<DifferentialCase> = fc.record({
  data: arbitraryData(FORM),
  query: wideQuery,
  times: arbitraryTimes(FORM).filter(({ stepMs }) => stepMs > 0),
});

export interface StepsTally {
  answers: number;
  empty: number;
  errors: number;
}

export function newStepsTally(): StepsTally {
  return { answers: 0, empty: 0, errors: 0 };
}

/** @throws Error where a range query and instant queries at its steps do not agree */
export async function checkSteps(one: DifferentialCase, tally: StepsTally): Promise<void> {
  const { data, query, times } = one;
  const queryable = new MemoryQueryable();
  for (const { labels, samples } of data) queryable.add(labels, samples);
  const engine = createEngine({ queryable });
  const whole = await answerOf(engine, query, times);
  const steps = await Promise.all(
    stepsOf(times).map((timeMs) =>
      answerOf(engine, query, { startMs: timeMs, endMs: timeMs, stepMs: 0 }),
    ),
  );
  const failed = steps.find((step) => typeof step === 'string');
  if (typeof whole === 'string' || failed !== undefined) {
    tally.errors++;
    if (typeof whole === 'string' && (failed !== undefined || mayFailBetween(one))) return;
    throw new Error(`${query}\nat all steps: ${outcome(whole)}, one by one: ${failed}`);
  }
  const single = new Map(steps.flatMap((step) => (typeof step === 'string' ? [] : [...step])));
  const found = differences(single, whole);
  if (found.length > 0) throw new Error(`${query}\n${found.join('\n')}`);
  if (single.size > 0) tally.answers++;
  else tally.empty++;
}

function outcome(answer: Answer | string): string {
  return typeof answer === 'string' ? answer : `${answer.size} samples`;
}
