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

/** A runner of a group that is read each second, and the ticks of each batch that it seals. */
function runnerOf(gathers: () => boolean) {
  const clock = new FakeClock(0);
  const table = new SeriesTable(Labels.EMPTY);
  const batches: number[][] = [];
  const runner = new GroupRunner({
    ...{ clock, logger: pino({ level: 'silent' }), policy: POLICY, tolerance: undefined, table },
    ...{ state: new SeriesState(), totals: noSamples(), startMs: 0, spreadMs: 0, gathers },
    source: { name: 'test', marksEnds: false, read: () => {} },
    takesHistograms: () => false,
    wide: undefined,
    seal: (ticks) => {
      const sealed = ticks.flatMap(({ entries }) => entries.map(({ tickTo }) => tickTo));
      if (sealed.length > 0) batches.push(sealed);
    },
    sealBetween: () => {},
    pressure: () => ({ wide: false, shed: false }),
    onClockSetBack: () => {},
    onFault: (error) => {
      throw error;
    },
  });
  const run = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) await clock.advance(1000);
  };
  return { runner, batches, run };
}

test('each tick is sealed at once, and ten go together where they are to be gathered', async () => {
  let gathers = false;
  const { runner, batches, run } = runnerOf(() => gathers);
  runner.start();
  await run(2);
  expect(batches.splice(0)).toEqual([[0], [1], [2]]);
  gathers = true;
  await run(24);
  expect(batches.splice(0).map((ticks) => [ticks[0], ticks.length])).toEqual([
    [3, 10],
    [13, 10],
  ]);
  gathers = false;
  await run(1);
  expect(batches).toEqual([[23, 24, 25, 26, 27]]);
  await runner.stop();
});

test('what was gathered goes when it is asked for, and what is due later does not', async () => {
  const { runner, batches, run } = runnerOf(() => true);
  runner.start();
  await run(3);
  runner.flushGathered();
  runner.flushGathered();
  expect(batches.splice(0)).toEqual([[0, 1, 2, 3]]);
  runner.configure({ ...POLICY, batchTicks: 3 }, undefined);
  await run(2);
  runner.flushGathered();
  expect(batches).toEqual([]);
  await run(1);
  runner.flushGathered();
  expect(batches).toEqual([[4, 5, 6]]);
  await runner.stop();
});
