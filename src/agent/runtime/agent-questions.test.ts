import { expect, test } from 'vitest';
import {
  FIRST_TICK_MS,
  sampledGroup,
  SERIES,
  START_MS,
  startSyntheticRuntime,
} from '../../../test/support/agent-runtime.ts';
import { ContentHash, type Lease, type Read, seriesKey } from '../../formats/tide/index.ts';
import { type FloatHistogram, Labels } from '../../model/index.ts';
import type { SeriesDescription } from '../sampling/series-table.ts';
import type { GroupSetup } from './runtime-options.ts';

const HOUR_MS = 3_600_000;
const CHANGING = Labels.fromPairs(['__name__', 'deployed']);

const HISTOGRAM: FloatHistogram = {
  ...{ counterReset: 'unknown', schema: 0, zeroThreshold: 0.001, zeroCount: 0, count: 3, sum: 5 },
  ...{ positiveSpans: [{ offset: 0, length: 2 }], positiveBuckets: [1, 2] },
  ...{ negativeSpans: [], negativeBuckets: [], customValues: [] },
};

function read(changes: Partial<Read>): Read {
  return {
    ...{ type: 'READ', requestId: 1, kind: 'INSTANT', selector: '', minTime: 0, maxTime: 0 },
    ...{ resolutionMs: 0, budgetBytes: 1e6, timeoutMs: 1000, accept: '', cancel: false },
    ...changes,
  };
}

function lease(changes: Partial<Lease>): Lease {
  return {
    ...{ type: 'LEASE', leaseId: 5, selector: '{series="1"}', intervalMs: 100, predicate: '' },
    ...{ ttlMs: 3000, samplesPerSecondMax: 0, requestId: 1, ...changes },
  };
}

test('a lease samples faster and ends by itself, though the collector is gone', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  await clock.advance(1200);
  collector.send(lease({}));
  expect(runtime.status().leases).toBe(1);
  await clock.advance(1000);
  const between = collector.batches.filter(({ head }) => head.coverage.length === 0);
  expect(between.length).toBeGreaterThanOrEqual(8);
  expect(between.flatMap(({ samples }) => samples).map(({ series }) => series)).toEqual(
    between.map(() => 'tidegauge_synthetic{series="1", zone="z"}'),
  );
  collector.isReachable = false;
  collector.drop();
  await clock.advance(1900);
  expect(runtime.status().leases).toBe(1);
  await clock.advance(200);
  expect(runtime.status().leases).toBe(0);
  const { sealedBatches } = runtime.status();
  await clock.advance(2000);
  expect(runtime.status().sealedBatches - sealedBatches).toBe(2);
});

test('leases stay below the cap, and what cannot be is refused', async () => {
  const { clock, collector } = await startSyntheticRuntime();
  await clock.advance(1200);
  collector.send(lease({ selector: '', intervalMs: 20, ttlMs: 60_000 }));
  const before = collector.samples.length;
  await clock.advance(2000);
  // Three series at 100 samples a second in all, beside those on the grid.
  expect(collector.samples.length - before).toBeLessThanOrEqual(200 + 2 * SERIES);
  collector.send(lease({ leaseId: 6 }));
  collector.send(lease({ leaseId: 7, selector: 'nothing' }));
  collector.send(lease({ leaseId: 5, ttlMs: 0, requestId: 2 }));
  // At once, not with the heartbeat that would have been next.
  await clock.advance(0);
  const leases = collector.all('HEARTBEAT').at(-1)?.leases ?? [];
  const told = leases.map(({ leaseId, state, requestId, reason }) => {
    return [leaseId, state, requestId, reason].join(' ').trimEnd();
  });
  expect(told.sort()).toEqual([
    '5 ENDED 2',
    '6 REFUSED 1 leases use all of 100 samples/s',
    '7 REFUSED 1 no series matches',
  ]);
});

test('leases of one source that begin together both get their samples', async () => {
  let now = (): Promise<void> => Promise.resolve();
  const open: GroupSetup['open'] = (namer) => ({
    ...{ name: 'slow', marksEnds: false },
    read: async (timestamp, { columns }) => {
      await now();
      for (const name of ['a', 'b', 'c']) {
        const labels = Labels.fromPairs(['__name__', name]);
        const describe = (): SeriesDescription => {
          return { ...{ family: name, type: 'gauge', help: '', unit: '' }, priority: 'A' };
        };
        columns.pushValue(namer.id(labels, describe), timestamp, timestamp);
      }
    },
  });
  const { clock, collector } = await startSyntheticRuntime({
    groups: [sampledGroup(open, { intervalMs: 10_000 })],
  });
  await clock.advance(10_000);
  now = () => new Promise((resolve) => clock.setTimer(30, resolve));
  for (const [leaseId, selector] of ['a', 'b'].entries()) {
    collector.send(lease({ leaseId, selector, intervalMs: 500, ttlMs: 5000 }));
  }
  const before = collector.samples.length;
  await clock.advance(5000);
  const counts = new Map<string, number>();
  for (const { series } of collector.samples.slice(before)) {
    counts.set(series, (counts.get(series) ?? 0) + 1);
  }
  expect(Object.fromEntries(counts)).toEqual({ 'a{zone="z"}': 9, 'b{zone="z"}': 9 });
});

test('READ gives values now, a range of the ring, and only what is allowed', async () => {
  const { clock, collector } = await startSyntheticRuntime();
  await clock.advance(4300);
  collector.send(read({ selector: '{series=~"0|2"}' }));
  await clock.advance(10);
  const instant = collector.all('READ_CHUNK').flatMap(({ data }) => collector.read(data));
  expect(instant.map(({ time }) => time)).toEqual([START_MS + 4300, START_MS + 4300]);
  expect(collector.all('READ_END').at(-1)).toMatchObject({ status: 'OK', chunkCount: 1 });

  const from = FIRST_TICK_MS + 1000;
  collector.send(
    read({
      requestId: 2,
      kind: 'RANGE',
      selector: '{series="1"}',
      minTime: from,
      maxTime: from + 1500,
    }),
  );
  await clock.advance(10);
  const range = collector.all('READ_CHUNK').find(({ requestId }) => requestId === 2);
  expect(collector.read(range?.data ?? expect.fail()).map(({ time }) => time)).toEqual([
    ...[from, from + 1000],
  ]);

  const ends = async (changes: Partial<Read>): Promise<string | undefined> => {
    collector.send(read({ requestId: 100 + collector.messages.length, ...changes }));
    await clock.advance(10);
    return collector.all('READ_END').at(-1)?.status;
  };
  expect(await ends({ kind: 'EXPOSITION', selector: 'http://169.254.169.254/' })).toBe('DENIED');
  expect(await ends({ kind: 'EXPOSITION', selector: 'node' })).toBe('OK');
  expect(collector.all('READ_END').at(-1)?.chunkCount).toBe(2);
  expect(await ends({ kind: 'EXPOSITION', selector: 'node', budgetBytes: 1000 })).toBe('BUDGET');
  expect(await ends({ kind: 'FUNCTION', selector: 'rm' })).toBe('NOT_FOUND');
  expect(await ends({ kind: 'FUNCTION', selector: 'answer' })).toBe('OK');
  expect(await ends({ selector: '{' })).toBe('FAILED');
});

test('READ answers native histograms to a collector that takes them', async () => {
  const labels = Labels.fromPairs(['__name__', 'took']);
  const describe = (): SeriesDescription => {
    return { ...{ family: 'took', type: 'histogram', help: '', unit: '' }, priority: 'A' };
  };
  const open: GroupSetup['open'] = (namer) => ({
    ...{ name: 'h', marksEnds: false },
    read: (timestamp, { columns }) => {
      columns.pushHistogram(namer.id(labels, describe), timestamp, HISTOGRAM);
      columns.pushValue(namer.id(CHANGING, describe), timestamp, 1);
    },
  });
  const { clock, collector } = await startSyntheticRuntime({
    groups: [sampledGroup(open)],
  });
  let requestId = 0;
  const answer = async (changes: Partial<Read>) => {
    collector.send(read({ requestId: ++requestId, ...changes }));
    await clock.advance(10);
    return collector
      .all('READ_CHUNK')
      .filter((chunk) => chunk.requestId === requestId)
      .flatMap(({ data }) => collector.read(data))
      .map(({ series, histogram }) => [series, histogram]);
  };
  await clock.advance(2500);
  const range = { kind: 'RANGE', minTime: 0, maxTime: START_MS + HOUR_MS } as const;
  // It did not say that it takes them: before WELCOME some were sealed all the same.
  expect(await answer({})).toEqual([['deployed{zone="z"}', undefined]]);
  expect(new Set((await answer(range)).map(([, histogram]) => histogram))).toEqual(
    new Set([undefined]),
  );
  collector.welcome = { capabilities: ['histograms'] };
  collector.drop();
  await clock.advance(8000);
  const both = [
    ['took{zone="z"}', HISTOGRAM],
    ['deployed{zone="z"}', undefined],
  ];
  expect(new Map((await answer({})) as [string, unknown][])).toEqual(
    new Map(both as [string, unknown][]),
  );
  const ranged = await answer({ ...range, selector: 'took', resolutionMs: 2000 });
  expect(ranged.length).toBeGreaterThan(1);
  expect(ranged).toEqual(ranged.map(() => both[0]));
});

test('a read that takes too long, or is one too many, ends and says so', async () => {
  const { clock, collector } = await startSyntheticRuntime({
    allowed: { exposition: () => () => new Promise(() => {}), functions: new Map() },
  });
  for (const requestId of [1, 2, 3]) collector.send(read({ requestId, kind: 'EXPOSITION' }));
  collector.send(read({ requestId: 2, cancel: true }));
  await clock.advance(1100);
  const ends = collector.all('READ_END').map(({ requestId, status }) => `${requestId} ${status}`);
  expect(ends).toEqual(['3 BUSY', '2 CANCELED', '1 TIMEOUT']);
});

test('AUDIT counts and hashes what was sealed', async () => {
  const { clock, collector } = await startSyntheticRuntime();
  await clock.advance(4700);
  const [minTime, maxTime] = [FIRST_TICK_MS, FIRST_TICK_MS + 3999];
  collector.send({ type: 'AUDIT', requestId: 4, group: 1, minTime, maxTime, parts: 2 });
  await clock.advance(10);
  const result = collector.all('AUDIT_RESULT')[0] ?? expect.fail('no result');
  expect(result.retainedFrom).toBe(START_MS);
  expect(result.windows.map(({ count }) => count)).toEqual([2 * SERIES, 2 * SERIES]);
  for (const window of result.windows) {
    const want = new ContentHash();
    for (const { series, time, value } of collector.samples) {
      if (time < window.minTime || time > window.maxTime) continue;
      const ordinal = /series="(\d)"/.exec(series)?.[1] ?? '';
      const labels = { __name__: 'tidegauge_synthetic', series: ordinal, zone: 'z' };
      const words = new Uint32Array(Float64Array.of(value).buffer);
      want.add(seriesKey(Labels.fromObject(labels)), time, words[0]!, words[1]!);
    }
    expect(window.hash).toEqual(want.hash);
  }
});
