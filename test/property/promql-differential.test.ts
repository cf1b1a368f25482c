import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
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

// Two ways to compute it, both right to the last digit that a double has for it: found by chance.
test('how far timestamps spread is compared as exactly as it can be computed', async () => {
  const tally = newTally();
  const at = [40_000, 55_000, 70_199, 85_000, 100_000];
  const samples = at.map((ms) => ({ timestamp: 1_700_000_000_000 + ms, value: 1 }));
  const labels = Labels.fromObject({ __name__: 'm' });
  await checkCase(
    {
      data: [{ labels, samples }],
      query: 'stdvar_over_time((ts_of_last_over_time(m[90s]))[300s:20s])',
      times: { startMs: 1_700_000_120_000, endMs: 1_700_000_162_000, stepMs: 7000 },
    },
    tally,
  );
  expect(tally.answers).toBe(1);
});
