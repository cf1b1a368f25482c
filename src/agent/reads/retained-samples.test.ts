import { expect, test } from 'vitest';
import { INTERVAL_MS, ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import type { StreamExtent } from '../../formats/tide/index.ts';
import { RetainedSamples } from './retained-samples.ts';
import { SealedIndex } from './sealed-index.ts';

const EPOCH = 1_700_000_000_000;
const FIRST_TICK = EPOCH / INTERVAL_MS;
const GROUP = 1;

/** Ticks sealed one by one behind a schema, numbers from 2 on, of which a ring holds some. */
function setUp(ticks: number, holds: (seq: number) => boolean) {
  const agent = new ScriptedAgent({ agentId: 'a', epoch: EPOCH, seriesCount: 1 });
  const index = new SealedIndex();
  agent.schema();
  for (let tick = FIRST_TICK; tick < FIRST_TICK + ticks; tick++) {
    agent.batch(tick);
    const time = tick * INTERVAL_MS;
    index.add(1, { seq: agent.sealed.length, minTime: time, maxTime: time });
  }
  const lastSeq = agent.sealed.length;
  const held = agent.sealed.filter(({ seq }) => holds(seq));
  const firstRetained = held[0]?.seq ?? lastSeq + 1;
  const ring = {
    read: (_epoch: number, stream: number, seq: number) =>
      Promise.resolve(held.find((one) => one.stream === stream && one.seq === seq)),
    extents: (): StreamExtent[] => [{ stream: 1, firstRetained, lastSeq }],
  };
  const series = agent.series();
  const retained = new RetainedSamples({
    ...{ epoch: EPOCH, ring, index },
    series: (id) => series.find((one) => one.id === id),
  });
  return { index, retained };
}

const timeOf = (seq: number): number => EPOCH + (seq - 2) * INTERVAL_MS;

test('what is held is counted, and vouched for from the start', async () => {
  const { retained } = setUp(48, () => true);
  const span = { minTime: EPOCH, maxTime: timeOf(49), parts: 2 };
  const { retainedFrom, windows } = await retained.audit(GROUP, span);
  expect(retainedFrom).toBe(EPOCH);
  expect(windows.map(({ count }) => count)).toEqual([24, 24]);
  expect(windows[1]?.ranges).toEqual([{ stream: 1, from: 26, to: 49 }]);
});

test('a batch that is missing among others is not vouched for, nor what is before it', async () => {
  const { retained } = setUp(48, (seq) => seq !== 20);
  const span = { minTime: EPOCH, maxTime: timeOf(49), parts: 2 };
  const { retainedFrom, windows } = await retained.audit(GROUP, span);
  // The times of a few batches in a row are known together.
  expect(retainedFrom).toBeGreaterThan(timeOf(20));
  expect(retainedFrom).toBeLessThanOrEqual(timeOf(20 + 16));
  expect(windows.map(({ count }) => count)).toEqual([23, 24]);
  // Nothing is missing in times behind it.
  const behind = { minTime: timeOf(40), maxTime: timeOf(49), parts: 1 };
  expect((await retained.audit(GROUP, behind)).retainedFrom).toBe(EPOCH);
});

test.each([48, 1, 0])('of %i ticks that all left the ring none is vouched for', async (ticks) => {
  const { retained, index } = setUp(ticks, () => false);
  const span = { minTime: EPOCH, maxTime: timeOf(99), parts: 1 };
  const wanted = EPOCH + (ticks === 0 ? 0 : (ticks - 1) * INTERVAL_MS + 1);
  expect((await retained.audit(GROUP, span)).retainedFrom).toBe(wanted);
  index.trim(1, ticks + 2);
  expect((await retained.audit(GROUP, span)).retainedFrom).toBe(wanted);
});
