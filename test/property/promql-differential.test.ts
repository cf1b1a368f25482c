import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkCase, differentialCase, newTally } from '../support/naive-promql/differential.ts';

const RUNS = Number(process.env['TIDEGAUGE_PROPERTY_RUNS'] ?? 400);

test('the engine answers as the naive evaluator does', async () => {
  const tally = newTally();
  await fc.assert(
    fc.asyncProperty(differentialCase, (one) => checkCase(one, tally)),
    { numRuns: RUNS },
  );
  // Most queries must have been comparable, or the test says little.
  expect(tally.answers, JSON.stringify(tally)).toBeGreaterThan(RUNS / 4);
}, 120_000);
