import { expect, test, vi } from 'vitest';
import {
  FIRST_TICK_MS,
  sampledGroup,
  SERIES,
  START_MS,
  startSyntheticRuntime,
} from '../../../test/support/agent-runtime.ts';
import type { ScriptedCollector } from '../../../test/support/scripted-collector.ts';
import {
  type GroupPolicy,
  LANE_EVENT,
  LANE_LIVE,
  type Policy,
  policyHash,
} from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { syntheticParts, SyntheticSource } from '../sampling/synthetic-source.ts';
import type { GroupSetup } from './runtime-options.ts';

const HOUR_MS = 3_600_000;
const CHANGING = Labels.fromPairs(['__name__', 'deployed']);

const ticksOf = (collector: ScriptedCollector): number[] =>
  collector.batches.flatMap(({ head }) => head.coverage.map(({ tickFrom }) => tickFrom));

test('every tick of the grid is sealed with its coverage, and values tell agent, series and tick', async () => {
  const { clock, collector } = await startSyntheticRuntime();
  const [hello] = collector.all('HELLO');
  expect(hello).toMatchObject({ agentId: 'a1', bootReason: 'START', schemaVersion: 0 });
  expect(hello?.groups.map(({ name }) => name)).toEqual(['event', 'synthetic']);
  await clock.advance(3000);
  expect(ticksOf(collector)).toEqual([0, 1, 2].map((tick) => FIRST_TICK_MS / 1000 + tick));
  expect(collector.samples).toHaveLength(3 * SERIES);
  for (const { series, time, value } of collector.samples) {
    const { agent, series: ordinal, tick } = syntheticParts(value);
    expect({ agent, tick }).toEqual({ agent: 7, tick: (time / 1000) % 1e8 });
    expect(series).toBe(`tidegauge_synthetic{series="${ordinal}", zone="z"}`);
  }
  const { head } = collector.batches[0] ?? expect.fail();
  expect(head.coverage[0]).toMatchObject({ group: 1, status: 'FULL', seriesCount: SERIES });
});

test('an epoch ahead of the clock, which was set back since, does not hold up sampling', async () => {
  const { clock, collector } = await startSyntheticRuntime({
    epoch: { epoch: START_MS + 3 * HOUR_MS, nonce: 1 },
  });
  await clock.advance(2000);
  expect(ticksOf(collector)).toEqual([0, 1].map((tick) => FIRST_TICK_MS / 1000 + tick));
});

test('a clock that is set back is told once, unless it is about to be there again', async () => {
  const steps: number[] = [];
  const { clock } = await startSyntheticRuntime({ onClockSetBack: (byMs) => steps.push(byMs) });
  await clock.advance(3000);
  clock.offsetMs = -30_000;
  await clock.advance(40_000);
  expect(steps).toEqual([]);
  clock.offsetMs -= 3 * HOUR_MS;
  await clock.advance(70_000);
  expect(steps).toHaveLength(1);
  expect(steps[0]).toBeGreaterThan(3 * HOUR_MS - 70_000);
});

test('what was gathered before the clock was set back is kept as of its newest tick', async () => {
  const groups = [
    sampledGroup(
      (namer) => new SyntheticSource(namer, { agent: 7, series: SERIES, intervalMs: 1000 }),
      { batchTicks: 3 },
    ),
  ];
  const { clock, collector, ring, runtime } = await startSyntheticRuntime({ groups });
  const append = vi.spyOn(ring, 'append');
  await clock.advance(2100);
  clock.offsetMs = -30_000;
  runtime.flush();
  await clock.advance(100);
  expect(ticksOf(collector)).toEqual([FIRST_TICK_MS / 1000]);
  expect(append.mock.lastCall?.[0].type).toBe('BATCH');
  expect(append.mock.lastCall?.[1]).toBe(FIRST_TICK_MS + 1000);
});

test('events are as of now after the clock was set back', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  const describe = () =>
    ({ family: 'deployed', type: 'gauge', unit: '', help: '', priority: 'A' }) as const;
  const sample = { labels: CHANGING, value: 1, describe };
  runtime.event([sample]);
  clock.offsetMs = -HOUR_MS;
  runtime.event([sample]);
  await clock.advance(100);
  const times = collector.samples.filter(({ series }) => series.includes('deployed'));
  expect(times.map(({ time }) => time)).toEqual([START_MS, START_MS - HOUR_MS]);
});

test('while the collector is away all goes to the ring; after it live comes first', async () => {
  const { clock, collector } = await startSyntheticRuntime();
  await clock.advance(1000);
  collector.isReachable = false;
  collector.drop();
  await clock.advance(5000);
  expect(collector.batches).toHaveLength(1);
  collector.isReachable = true;
  await clock.advance(6000);
  const hello = collector.all('HELLO').at(-1);
  expect(hello?.bootReason).toBe('RECONNECT');
  expect(hello?.streams.find(({ stream }) => stream === LANE_LIVE)?.lastSeq).toBeGreaterThan(5);
  const live = collector.batches.filter(({ isRepair }) => !isRepair);
  const first = live[1]?.sealed.seq ?? expect.fail('no live batch');
  collector.send({
    ...{ type: 'PULL_RANGE', requestId: 9, epoch: START_MS, stream: LANE_LIVE },
    ...{ ranges: [{ from: 1, to: first - 1 }], budgetBytes: 1e6, timeoutMs: 1000 },
  });
  await clock.advance(500);
  const all = new Set(ticksOf(collector));
  const last = Math.max(...all);
  for (let tick = FIRST_TICK_MS / 1000; tick <= last; tick++) expect(all.has(tick)).toBe(true);
});

test('a policy changes mode and rhythm, and every tick stays accounted for', async () => {
  const { clock, collector } = await startSyntheticRuntime();
  await clock.advance(1000);
  const own = collector.all('HELLO')[0]?.groups[1] ?? expect.fail('no group');
  const apply = (version: number, changes: Partial<GroupPolicy>): Policy => {
    const groups = [{ ...own, ...changes }];
    const hash = policyHash(groups, () => undefined, []);
    const policy = { version, groups, tolerances: [], shedOrder: [], hash };
    collector.send({ type: 'POLICY', policy });
    return policy;
  };
  const { hash } = apply(3, { intervalMs: 3000 });
  await clock.advance(6000);
  const entries = collector.batches.flatMap(({ head }) => head.coverage).slice(1);
  expect(entries.filter(({ status }) => status === 'FULL')).toHaveLength(2);
  expect(entries.filter(({ reason }) => reason === 'SHED')).toHaveLength(4);
  expect(collector.all('HEARTBEAT').at(-1)).toMatchObject({
    ...{ policyVersion: 3, policyHash: hash },
  });
  apply(2, { intervalMs: 1000 });
  await clock.advance(3000);
  expect(collector.batches.at(-1)?.head.policyVersion).toBe(3);
});

test('what load makes it leave out is declared, tick by tick, and sums up exactly', async () => {
  let cpuMs = 0;
  const group = (name: string, changes: Partial<GroupSetup>): GroupSetup => ({
    open: (namer) => ({
      name,
      marksEnds: false,
      read(timestamp, { columns }) {
        for (const series of ['a', 'b']) {
          const labels = Labels.fromPairs(['__name__', name, 'series', series]);
          const id = namer.id(labels, () => ({
            ...{ family: name, type: 'gauge', unit: '', help: '', priority: 'B' },
          }));
          columns.pushValue(id, timestamp, series === 'a' ? timestamp / 1000 : 7);
        }
      },
    }),
    ...{ intervalMs: 1000, anchorMs: 0, mode: 'SAMPLE', syncMs: 20_000, priority: 'B' },
    ...{ batchTicks: 1, ...changes },
  });
  const { clock, collector, runtime } = await startSyntheticRuntime({
    groups: [
      group('urgent', { priority: 'A' }),
      group('plain', {}),
      group('loose', { tolerance: { kind: 'ABSOLUTE', value: 0, max: 3 } }),
      group('least', { priority: 'C' }),
    ],
    cpuBudget: 0.5,
    cpuMs: () => cpuMs,
    ladder: { holdMs: 2000, calmMs: 4000 },
  });
  const second = async (loadMs: number): Promise<string> => {
    cpuMs += loadMs;
    await clock.advance(1000);
    collector.acknowledge();
    return runtime.status().ladderStep;
  };
  for (let at = 0; at < 5; at++) expect(await second(100)).toBe('NORMAL');
  const steps = new Set<string>();
  for (let at = 0; at < 30; at++) steps.add(await second(900));
  expect(runtime.status().ladderStep).toBe('SHED_MORE');
  expect([...steps]).toContain('WIDER_TOLERANCE');
  for (let at = 0; at < 60; at++) steps.add(await second(100));
  expect(runtime.status().ladderStep).toBe('NORMAL');
  runtime.flush();
  await clock.advance(6000);
  const entries = collector.batches.flatMap(({ head }) => head.coverage);
  const of = (group: number) => entries.filter((entry) => entry.group === group);
  const statuses = (group: number): string[] => [...new Set(of(group).map((one) => one.status))];
  expect(statuses(1), 'class A').toEqual(['FULL']);
  expect(statuses(2), 'no tolerance permitted').toEqual(['FULL', 'SKIPPED']);
  expect(statuses(3)).toEqual(['FULL', 'ON_CHANGE', 'SKIPPED']);
  const suppressed = of(3).filter(({ status }) => status === 'ON_CHANGE');
  expect(new Set(suppressed.map(({ toleranceId }) => toleranceId)).size).toBe(1);
  expect(of(4).filter(({ reason }) => reason === 'SHED').length).toBeGreaterThan(10);
  // Every tick of every group, once; and the sums are what the heartbeat says.
  const sums = { scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 };
  for (const group of [1, 2, 3, 4]) {
    let next = FIRST_TICK_MS / 1000;
    for (const entry of of(group)) {
      expect(entry.tickFrom).toBe(next);
      next = entry.tickTo + 1;
      sums.scheduled += entry.seriesCount * (entry.tickTo - entry.tickFrom + 1);
      sums.present += entry.presentCount;
      sums.suppressed += entry.suppressedCount;
      sums.shed += entry.shedCount;
      sums.failed += entry.failedCount;
    }
  }
  expect(sums.scheduled).toBe(sums.present + sums.suppressed + sums.shed + sums.failed);
  expect(sums.shed).toBeGreaterThan(0);
  expect(sums.suppressed).toBeGreaterThan(0);
  expect(runtime.status().totals).toMatchObject(sums);
  // What was carried meanwhile was never further off than declared.
  const loose = collector.samples.filter(({ series }) => series.startsWith('loose{series="a"'));
  const pressedTicks = new Set(suppressed.map(({ tickFrom }) => tickFrom));
  for (const tick of pressedTicks) {
    const carried = loose.findLast(({ time }) => time <= tick * 1000) ?? expect.fail();
    expect(Math.abs(carried.value - tick)).toBeLessThanOrEqual(3);
  }
});

test('a full ring that drops what never arrived gives up the lowest class alone', async () => {
  const group = (agent: number, priority: 'B' | 'C'): GroupSetup =>
    sampledGroup(
      (namer) => new SyntheticSource(namer, { agent, series: SERIES, intervalMs: 1000 }),
      { priority },
    );
  const { clock, collector, runtime } = await startSyntheticRuntime(
    { groups: [group(1, 'B'), group(2, 'C')], ladder: { holdMs: 2000, calmMs: 4000 } },
    4000,
  );
  await clock.advance(3000);
  collector.acknowledge();
  collector.isReachable = false;
  collector.drop();
  await clock.advance(60_000);
  expect(runtime.status().ladderStep).toBe('SHED');
  expect(runtime.status().totals.shed).toBeGreaterThan(20);
  collector.isReachable = true;
  await clock.advance(10_000);
  // It heard that nothing is waited for any more.
  collector.acknowledge();
  for (let at = 0; at < 60; at++) {
    await clock.advance(1000);
    collector.acknowledge();
  }
  expect(runtime.status().ladderStep).toBe('NORMAL');
});

test('what is read once more is read after what is under way, and as the tick that is due', async () => {
  let value = 0;
  let release = (): void => {};
  const group: GroupSetup = {
    open: (namer) => ({
      name: 'slow',
      marksEnds: false,
      async read(timestamp, { columns }) {
        const read = value;
        await new Promise<void>((resolve) => (release = resolve));
        const id = namer.id(CHANGING, () => ({
          ...{ family: 'deployed', type: 'gauge', unit: '', help: '', priority: 'B' },
        }));
        columns.pushValue(id, timestamp, read);
      },
    }),
    ...{ intervalMs: 1000, anchorMs: 0, mode: 'SAMPLE', syncMs: 20_000, priority: 'B' },
    batchTicks: 1,
  };
  const { clock, collector, runtime } = await startSyntheticRuntime({ groups: [group] });
  await clock.advance(600);
  // The tick's reading began before the value changed.
  value = 1;
  const first = runtime.sampleAll();
  release();
  await clock.advance(10);
  release();
  await first;
  expect(collector.samples.map((sample) => sample.value)).toEqual([0, 1]);
  // The next tick is due, and waits for its turn.
  value = 2;
  const untilTickMs = 1000 - (clock.now() % 1000);
  await clock.advance(untilTickMs);
  const second = runtime.sampleAll();
  await clock.advance(0);
  release();
  await second;
  expect(collector.samples.map((sample) => sample.value)).toEqual([0, 1, 2]);
  await clock.advance(100);
  expect(ticksOf(collector)).toEqual([FIRST_TICK_MS / 1000, FIRST_TICK_MS / 1000 + 1]);
});

test('it tells how long after their time samples are sealed', async () => {
  const group = (priority: 'A' | 'B'): GroupSetup =>
    sampledGroup(
      (namer) => new SyntheticSource(namer, { agent: 1, series: SERIES, intervalMs: 1000 }),
      { priority },
    );
  const urgent = await startSyntheticRuntime({ groups: [group('A')] });
  await urgent.clock.advance(3000);
  expect(urgent.runtime.status()).toMatchObject({ sealedBatches: 3, sealDelayMs: 0 });
  // Its place in the time over which agents spread.
  const { clock, collector, runtime } = await startSyntheticRuntime({ groups: [group('B')] });
  await clock.advance(600);
  const { sealDelayMs } = runtime.status();
  expect(collector.batches).toHaveLength(1);
  expect(sealDelayMs).toBeGreaterThan(0);
  expect(sealDelayMs).toBeLessThan(50);
  await clock.advance(2000);
  expect(runtime.status().sealDelayMs).toBe(3 * sealDelayMs);
});

test('an event goes out at once, on its own lane', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  const describe = () =>
    ({ family: 'deployed', type: 'gauge', unit: '', help: '', priority: 'A' }) as const;
  runtime.event([{ labels: CHANGING, value: 1, describe }]);
  runtime.event([{ labels: CHANGING, value: 2, describe }]);
  await clock.advance(0);
  const events = collector.batches.filter(({ sealed }) => sealed.stream === LANE_EVENT);
  expect(events.map(({ head }) => head.coverage[0]?.tickFrom)).toEqual([1, 2]);
  expect(events.flatMap(({ samples }) => samples).map(({ time }) => time)).toEqual([
    ...[START_MS, START_MS + 1],
  ]);
});

test('BYE says what was sealed last, after all of it', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  await clock.advance(2100);
  const stopped = runtime.stop('SHUTDOWN', 1000);
  await clock.advance(500);
  expect(collector.all('BYE'), 'not before all is safe').toHaveLength(0);
  collector.acknowledge();
  await clock.advance(10);
  await stopped;
  const bye = collector.all('BYE')[0] ?? expect.fail('no BYE');
  expect(bye.reason).toBe('SHUTDOWN');
  expect(bye.streams[LANE_LIVE]?.lastSeq).toBe(collector.batches.at(-1)?.sealed.seq);
  expect(collector.messages.at(-1)?.type).toBe('BYE');
  expect(clock.pending).toBe(0);
});

test('BYE is said in time, be it before what a collector had no time for', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  await clock.advance(1100);
  collector.drop();
  collector.welcome = { credit: [] };
  await clock.advance(10_000);
  const count = collector.batches.length;
  const stopped = runtime.stop('SHUTDOWN', 1000);
  await clock.advance(1100);
  await stopped;
  expect(collector.batches).toHaveLength(count);
  expect(collector.all('BYE')[0]?.streams[LANE_LIVE]?.lastSeq).toBeGreaterThan(count);
  expect(clock.pending).toBe(0);
});

test('without anybody to send to, it ends in time all the same', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  collector.isReachable = false;
  collector.drop();
  await clock.advance(2000);
  let hasStopped = false;
  void runtime.stop('SHUTDOWN', 1000).then(() => {
    hasStopped = true;
  });
  await clock.advance(1200);
  expect(hasStopped).toBe(true);
  expect(clock.pending).toBe(0);
});

test('a fence for good ends it; one with a time to come back does not', async () => {
  const { clock, collector, fenced } = await startSyntheticRuntime();
  const fence = { type: 'FENCE', message: 'shutting down', currentEpoch: 0 } as const;
  collector.send({ ...fence, reason: 'LEAVING', retryAfterMs: 2000 });
  await clock.advance(1999);
  expect(collector.all('HELLO')).toHaveLength(1);
  await clock.advance(1000);
  expect(collector.all('HELLO')).toHaveLength(2);
  collector.send({ ...fence, reason: 'SUPERSEDED', retryAfterMs: undefined });
  await clock.advance(120_000);
  expect(collector.all('HELLO')).toHaveLength(2);
  expect(fenced).toEqual(['SUPERSEDED: shutting down']);
});

test('a collector that falls silent is left and called again', async () => {
  const { clock, collector } = await startSyntheticRuntime();
  await clock.advance(12_000);
  expect(collector.all('HELLO')).toHaveLength(1);
  await clock.advance(2500);
  expect(collector.all('HELLO').length).toBeGreaterThan(1);
});

test('a ring that overflows says from when on it can vouch', async () => {
  const { clock, collector } = await startSyntheticRuntime({}, 2000);
  await clock.advance(60_000);
  collector.send({ type: 'AUDIT', requestId: 1, group: 1, minTime: 0, maxTime: 1, parts: 1 });
  await clock.advance(10);
  const { retainedFrom } = collector.all('AUDIT_RESULT')[0] ?? expect.fail('no result');
  expect(retainedFrom).toBeGreaterThan(START_MS);
});

test('what the collector rejects is counted by why, and told', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  await clock.advance(2000);
  const rest = { streams: [], credit: [], queueDelayMs: 0, serverTimeMs: 0, echoMs: 0 };
  const rejections = [{ stream: 1, seq: 2, reason: 'CONFLICT', samples: 3 }] as const;
  collector.send({ type: 'ACK', ...rest, rejections });
  await clock.advance(10);
  expect(runtime.status().rejectedSamples).toMatchObject({ CONFLICT: 3, LIMIT: 0 });
});

test('the round trip of a heartbeat shows how far the clocks are apart', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime();
  await clock.advance(2000);
  expect(runtime.status().clockAheadMs).toBeUndefined();
  const rest = { streams: [], credit: [], queueDelayMs: 0, rejections: [] };
  const nowMs = clock.now();
  collector.send({ type: 'ACK', ...rest, serverTimeMs: nowMs - 3030, echoMs: nowMs - 60 });
  await clock.advance(0);
  expect(runtime.status()).toMatchObject({ rttMs: 60, clockAheadMs: 3000 });
});

test('what pressed a session that is gone does not delay the next one', async () => {
  const { clock, collector, runtime } = await startSyntheticRuntime({
    groups: [
      {
        open: (namer) => new SyntheticSource(namer, { agent: 7, series: SERIES, intervalMs: 1000 }),
        ...{ intervalMs: 1000, anchorMs: 0, mode: 'SAMPLE', syncMs: 60_000 },
        ...{ priority: 'B', batchTicks: 1 },
      },
    ],
  });
  const again = async (liveBytes: number): Promise<void> => {
    const credit = ([0, 1, 2, 4] as const).map((lane) => {
      return { lane, offsetBytes: lane === LANE_LIVE ? liveBytes : 1e9 };
    });
    collector.welcome = { credit };
    collector.drop();
    await clock.advance(1000);
  };
  const seconds = async (count: number): Promise<void> => {
    for (let second = 0; second < count; second++) {
      await clock.advance(1000);
      collector.acknowledge();
    }
  };
  await seconds(2);
  await again(1);
  await seconds(8);
  expect(runtime.status().ladderStep).not.toBe('NORMAL');
  await again(1e9);
  const before = collector.batches.length;
  await seconds(4);
  const newest = collector.batches.slice(before).map(({ samples }) => samples.at(-1)?.time);
  expect(newest.length).toBeGreaterThanOrEqual(4);
  expect(clock.now() - (newest.at(-1) ?? 0)).toBeLessThan(1000);
});

test('ticks are gathered while something waits for credit, and go at once when nothing does', async () => {
  const open: GroupSetup['open'] = (namer) => {
    return new SyntheticSource(namer, { agent: 7, series: SERIES, intervalMs: 1000 });
  };
  const groups = [sampledGroup(open, { priority: 'B' })];
  const { clock, collector, runtime } = await startSyntheticRuntime({ groups });
  const tickCounts = (): number[] =>
    collector.batches.splice(0).map(({ samples }) => samples.length / SERIES);
  await clock.advance(1000);
  collector.welcome = { credit: [] };
  collector.drop();
  await clock.advance(9000);
  tickCounts();
  expect(runtime.status().ladderStep).not.toBe('NORMAL');
  collector.send({
    ...{ type: 'ACK', streams: [], credit: [{ lane: LANE_LIVE, offsetBytes: 1e9 }] },
    ...{ queueDelayMs: 0, serverTimeMs: clock.now(), echoMs: 0, rejections: [] },
  });
  await clock.advance(0);
  const counts = tickCounts();
  expect(counts.at(-1)).toBeGreaterThan(3);
  expect(new Set(counts.slice(0, -1))).toEqual(new Set([1]));
  await clock.advance(3000);
  expect(runtime.status().ladderStep).not.toBe('NORMAL');
  expect(tickCounts()).toEqual([1, 1, 1]);
});
