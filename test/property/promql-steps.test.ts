import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newStepsTally, checkSteps, stepsCase } from '../support/naive-promql/steps.ts';

const SEED = 20_260_801;
const RUNS = 250;

test('a range query answers at each step what an instant query answers there', async () => {
  const tally = newStepsTally();
  const property = fc.asyncProperty(stepsCase, (one) => checkSteps(one, tally));
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
  expect(tally.answers, 'too many empty or failing queries').toBeGreaterThan(RUNS / 4);
});
