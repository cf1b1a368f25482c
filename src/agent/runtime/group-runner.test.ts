import { expect, test } from 'vitest';
import { pino } from 'pino';
import type { GroupPolicy } from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { FakeClock } from '../../util/index.ts';
import { SeriesState } from '../sampling/series-state.ts';
import { SeriesTable } from '../sampling/series-table.ts';
import { noSamples } from '../sampling/tick-accounts.ts';
import { GroupRunner } from './group-runner.ts';

const POLICY: GroupPolicy = {
  group: 1,
  name: 'test',
  selector: '',
  intervalMs: 1000,
  anchorMs: 0,
  mode: 'SAMPLE',
  toleranceId: 0,
  priority: 'B',
  batchTicks: 1,
  syncTicks: 1,
  dampeningMs: 0,
};

/** The newest tick of each batch that an agent at that place seals, and when it does. */
async function batchesOf(place: number, seconds: number): Promise<[number, number][]> {
  const clock = new FakeClock(0);
  const table = new SeriesTable(Labels.EMPTY);
  const newest: [number, number][] = [];
  const runner = new GroupRunner({
    ...{ clock, logger: pino({ level: 'silent' }), policy: POLICY, tolerance: undefined, table },
    ...{ state: new SeriesState(), totals: noSamples(), startMs: 0, spreadMs: 0, place },
    source: { name: 'test', marksEnds: false, read: () => {} },
    takesHistograms: () => false,
    wide: undefined,
    seal: (ticks) => {
      const last = ticks.at(-1)?.entries[0]?.tickTo;
      if (last !== undefined) newest.push([last, clock.now()]);
    },
    sealBetween: () => {},
    pressure: () => ({ linger: true, wide: false, shed: false }),
    onClockSetBack: () => {},
    onFault: (error) => {
      throw error;
    },
  });
  runner.start();
  for (let second = 0; second < seconds; second++) await clock.advance(1000);
  await runner.stop();
  return newest;
}

test('under pressure ten ticks go together, of each agent ten of its own', async () => {
  expect((await batchesOf(0, 45)).slice(0, 3)).toEqual([
    [0, 0],
    [10, 10_000],
    [20, 20_000],
  ]);
  expect((await batchesOf(0.55, 45)).slice(0, 3)).toEqual([
    [5, 5500],
    [15, 15_500],
    [25, 25_500],
  ]);
});
