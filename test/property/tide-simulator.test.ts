import { expect, test } from 'vitest';
import { fewestOf } from '../fuzz/fewest-of.ts';
import { simulate } from '../support/tide-simulator/simulation.ts';

/** Seeds of one test: on a busy machine a seed may take a second. */
const SEEDS = 25;

const only = process.env['TIDE_SEED'];
const firsts = only === undefined ? [1, 26, 51, 76, 101, 126, 151, 176] : [Number(only)];

test.each(firsts)(
  'seeds from %i on',
  async (first) => {
    const count = only === undefined ? SEEDS : 1;
    for (let seed = first; seed < first + count; seed++) await simulate(seed);
  },
  120_000,
);

test.each([
  // A run of which only sums were kept, while a frame of it that was pulled again was under way.
  2780,
  // An audit pulled more than an answer has room for, and took the rest for brought.
  40_581,
  // More than the ring's memory held was sealed between two writes to its disk.
  28_860,
])('seed %i, which failed once', async (seed) => {
  await simulate(seed);
});

test('the same seed does the same', async () => {
  const once = await simulate(17);
  expect(await simulate(17)).toEqual(once);
});

test('faults can be left out of a life', async () => {
  const all = await simulate(17);
  const none = await simulate(17, { faults: new Set() });
  expect(none.faults).toEqual({});
  expect(none.epochs).toBe(none.agents);
  expect(Object.keys(all.faults).length).toBeGreaterThan(1);
  const [first, ...others] = Object.values((await simulate(17, { faults: new Set([0]) })).faults);
  expect([first, others]).toEqual([1, []]);
});

test('what is not needed for a failure is left out', async () => {
  const all = Array.from({ length: 20 }, (_, index) => index);
  const fails = (some: readonly number[]) => Promise.resolve(some.includes(3) && some.includes(17));
  expect(await fewestOf(all, fails, 200)).toEqual([3, 17]);
  expect(await fewestOf(all, fails, 0)).toEqual(all);
});
