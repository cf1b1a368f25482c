import { expect, test } from 'vitest';
import { syntheticValue } from '../agent/index.ts';
import { Tally } from './completeness-check.ts';
import type { FoundSeries } from './query-client.ts';
import { fullTick } from './visibility-watch.ts';

const LOAD = { agents: 2, series: 2, intervalMs: 1000 };
const FROM = 1_795_000_000;
const RANGE = { fromTick: FROM, toTick: FROM + 4 };

/** A stored series with the values of some ticks, each a little after its tick. */
function stored(agent: number, series: number, ticks: readonly number[]): FoundSeries {
  return {
    metric: { series: String(series) },
    values: ticks.map((tick) => [
      FROM + tick + 0.3,
      String(syntheticValue(agent, series, FROM + tick)),
    ]),
  };
}

test('all that was generated is found', () => {
  const tally = new Tally(LOAD, RANGE);
  for (const agent of [0, 1]) {
    for (const series of [0, 1]) tally.take(agent, stored(agent, series, [0, 1, 2, 3]));
  }
  expect(tally.result()).toEqual({
    ...{ generated: 16, stored: 16, duplicates: 0, wrong: 0, byTick: [1, 1, 1, 1] },
  });
});

test('what is missing, stored twice, of another series or of no tick is told apart', () => {
  const tally = new Tally(LOAD, RANGE);
  tally.take(0, stored(0, 0, [0, 1, 3, 3]));
  tally.take(0, { ...stored(0, 0, [0, 1]), metric: { series: '1' } });
  tally.take(1, stored(1, 0, [-1, 2, 4]));
  tally.take(1, { metric: { series: '1' }, values: [[FROM, '17.5']] });
  expect(tally.result()).toEqual({
    ...{ generated: 16, stored: 4, duplicates: 1, wrong: 3, byTick: [0.25, 0.25, 0.25, 0.25] },
  });
});

test('the part of a tick that a value holds becomes the tick again', () => {
  for (const tick of [FROM, 17e8 - 1, 17e8, 17e8 + 1]) {
    for (const late of [0, 3, 4000]) expect(fullTick(tick % 1e8, tick + late)).toBe(tick);
  }
});
