import { expect, test } from 'vitest';
import { IntervalSet } from '../../util/index.ts';
import { SampledSteps } from './sampled-steps.ts';

/** The steps of 10 ms that the runs of some series fall into, `known` being left out. */
function stepsOf(runs: readonly (readonly number[])[], known: readonly number[] = []): number[] {
  const steps = new SampledSteps(10);
  const times = Float64Array.from(runs.flat());
  let start = 0;
  for (const run of runs) {
    steps.noteAll(times, start, start + run.length);
    start += run.length;
  }
  const set = new IntervalSet();
  for (const step of known) set.add(step, step);
  return [...steps.missingFrom(set)];
}

test('each step once and in order, whatever times the series have', () => {
  expect(stepsOf([])).toEqual([]);
  expect(stepsOf([[5], [6], [5]])).toEqual([0]);
  expect(stepsOf([[25], [5], [15, 16]])).toEqual([0, 1, 2]);
  const ticks = [5, 15, 25];
  expect(stepsOf([ticks, ticks, ticks])).toEqual([0, 1, 2]);
  // As long as the one before, and with the same ends.
  expect(stepsOf([ticks, [5, 19, 25], [5, 20, 25], [5, 9, 25, 35]])).toEqual([0, 1, 2, 3]);
});

test('not those that are known, nor times before all time', () => {
  expect(stepsOf([[5]], [0])).toEqual([]);
  expect(stepsOf([[5, 15, 25]], [1])).toEqual([0, 2]);
  expect(stepsOf([[-5], [5]])).toEqual([0]);
});
