import { expect, test } from 'vitest';
import { MemoryStorage } from '../../../../test/support/memory-storage.ts';
import { validateText } from '../../../formats/exposition/index.ts';
import { Labels } from '../../../model/index.ts';
import { silentLogger } from '../../../telemetry/index.ts';
import { FakeClock } from '../../../util/index.ts';
import { noPushMetrics } from '../metrics.ts';
import { expositionOf } from './exposition.ts';
import { groupSample, type PushedType } from './group.ts';
import { parseGroupPath } from './grouping.ts';
import type { PushedBody } from './pushed-body.ts';
import { Pushgateway } from './pushgateway.ts';

const START_MS = 1_700_000_000_000;
const RESAMPLE_MS = 15_000;

interface Row {
  readonly family: string;
  readonly type?: PushedType;
  readonly name?: string;
  readonly labels?: Record<string, string>;
  readonly value: number;
}

function bodyOf(rows: readonly Row[], hasTimestamps = false): PushedBody {
  return {
    hasTimestamps,
    hasRepeats: false,
    sampleCount: rows.length,
    familiesFor(grouping, pushedMs) {
      const names = new Set(rows.map((row) => row.family));
      return new Map(
        [...names].map((name) => {
          const mine = rows.filter((row) => row.family === name);
          const type = mine[0]?.type ?? 'gauge';
          const samples = mine.map((row) =>
            groupSample(grouping, row.name ?? name, Labels.fromObject(row.labels ?? {}), row.value),
          );
          return [name, { name, type, help: '', samples, pushedMs }];
        }),
      );
    },
  };
}

async function setup(storage = new MemoryStorage(), startMs = START_MS) {
  const clock = new FakeClock(startMs);
  const gateway = new Pushgateway({
    storage,
    clock,
    logger: silentLogger,
    metrics: noPushMetrics,
    resampleMs: RESAMPLE_MS,
  });
  await gateway.start();
  const push = (path: string, rows: readonly Row[], replacesAll = true) =>
    gateway.push(parseGroupPath(path), bodyOf(rows), replacesAll);
  const exposed = (): string[] =>
    expositionOf(gateway.groups())
      .split('\n')
      .filter(
        (line) => !line.startsWith('#') && !/^push_(failure_)?time/.test(line) && line !== '',
      );
  return { storage, clock, gateway, push, exposed };
}

const J1 = '/metrics/job/j1';

test('a push is stored with its group labels, its time, and the group itself', async () => {
  const { storage, push } = await setup();
  await push(J1, [{ family: 'g', labels: { a: '1', job: 'mine' }, value: 2.5 }]);
  expect(storage.samplesOf('g{a="1", job="j1"}')).toEqual([`${START_MS}=2.5`]);
  expect(storage.samplesOf('push_time_seconds{job="j1"}')).toEqual([`${START_MS}=1700000000`]);
  expect(storage.samplesOf('push_failure_time_seconds{job="j1"}')).toEqual([`${START_MS}=0`]);
  expect(storage.state('pushgateway/').size).toBe(1);
  expect(storage.metadata().get('g')).toEqual({ type: 'gauge', help: '', unit: '' });
});

test('PUT replaces the group, POST the families named; what vanishes ends at once', async () => {
  const { storage, clock, push, exposed } = await setup();
  await push(J1, [
    { family: 'a', value: 1 },
    { family: 'b', labels: { x: '1' }, value: 2 },
  ]);
  await clock.advance(1000);
  await push(J1, [{ family: 'b', labels: { x: '2' }, value: 3 }], false);
  expect(exposed()).toEqual(['a{instance="",job="j1"} 1', 'b{instance="",job="j1",x="2"} 3']);
  expect(storage.samplesOf('b{job="j1", x="1"}')).toEqual([
    `${START_MS}=2`,
    `${START_MS + 1000}=stale`,
  ]);
  await clock.advance(1000);
  await push(J1, [{ family: 'c', value: 4 }]);
  expect(exposed()).toEqual(['c{instance="",job="j1"} 4']);
  expect(storage.samplesOf('a{job="j1"}').at(-1)).toBe(`${START_MS + 2000}=stale`);
  expect(storage.samplesOf('b{job="j1", x="2"}').at(-1)).toBe(`${START_MS + 2000}=stale`);
});

test('DELETE ends all series and forgets the group; an unknown one is no error', async () => {
  const { storage, clock, gateway, push, exposed } = await setup();
  await push(J1, [{ family: 'a', value: 1 }]);
  await clock.advance(1000);
  await gateway.delete(parseGroupPath(J1));
  await gateway.delete(parseGroupPath('/metrics/job/unknown'));
  expect(exposed()).toEqual([]);
  for (const series of ['a{job="j1"}', 'push_time_seconds{job="j1"}']) {
    expect(storage.samplesOf(series).at(-1)).toBe(`${START_MS + 1000}=stale`);
  }
  expect(storage.state('pushgateway/').size).toBe(0);
});

test('groups are sampled at every interval, and commits share what waits', async () => {
  const { storage, clock, gateway, push } = await setup();
  await Promise.all([
    push(J1, [{ family: 'a', value: 1 }]),
    push('/metrics/job/j2', [{ family: 'a', value: 2 }]),
  ]);
  expect(storage.commits).toBe(1);
  await clock.advance(2 * RESAMPLE_MS);
  for (const [job, value] of [
    ['j1', 1],
    ['j2', 2],
  ] as const) {
    expect(storage.samplesOf(`a{job="${job}"}`)).toEqual(
      [0, 1, 2].map((step) => `${START_MS + step * RESAMPLE_MS}=${value}`),
    );
  }
  expect(storage.commits).toBe(3);
  await gateway.close();
  await clock.advance(RESAMPLE_MS);
  expect(storage.commits).toBe(3);
});

test('pushes within one millisecond get samples of their own', async () => {
  const { storage, push, gateway } = await setup();
  await push(J1, [{ family: 'a', value: 1 }]);
  await push(J1, [{ family: 'a', value: 2 }]);
  await gateway.delete(parseGroupPath(J1));
  await push(J1, [{ family: 'a', value: 3 }]);
  expect(storage.samplesOf('a{job="j1"}')).toEqual([
    `${START_MS}=1`,
    `${START_MS + 1}=2`,
    `${START_MS + 2}=stale`,
    `${START_MS + 3}=3`,
  ]);
});

test('a restart keeps the groups and goes on sampling them', async () => {
  const first = await setup();
  await first.push('/metrics/job/j1/x/', [
    { family: 'h', type: 'histogram', name: 'h_bucket', labels: { le: '+Inf' }, value: 2 },
    { family: 'h', type: 'histogram', name: 'h_sum', value: NaN },
    { family: 'h', type: 'histogram', name: 'h_count', value: 2 },
    { family: 'z', value: -0 },
    { family: 'i', value: Infinity },
  ]);
  const before = expositionOf(first.gateway.groups());
  await first.gateway.close();
  const storage = first.storage.reopened();
  const second = await setup(storage, START_MS + 60_000);
  expect(expositionOf(second.gateway.groups())).toBe(before);
  expect(storage.samplesOf('z{job="j1"}')).toEqual([`${START_MS}=0`, `${START_MS + 60_000}=0`]);
  await second.clock.advance(RESAMPLE_MS);
  expect(storage.samplesOf('h_count{job="j1"}').at(-1)).toBe(`${START_MS + 75_000}=2`);
});

async function refused(push: Promise<void>, text: string): Promise<void> {
  await expect(push).rejects.toMatchObject({ statusCode: 400 });
  await expect(push).rejects.toThrow(text);
}

test('an inconsistent push changes nothing but the time of the failure', async () => {
  const { storage, clock, gateway, push, exposed } = await setup();
  await push(J1, [{ family: 'g', value: 1 }]);
  await push('/metrics/job/j2', [{ family: 'g', value: 2 }]);
  await clock.advance(1000);
  const clash = [{ family: 'g', type: 'counter', value: 5 } as const];
  await refused(push('/metrics/job/j2', clash), 'pushed as counter but is gauge in group');
  await refused(push('/metrics/job/j3', clash), 'pushed as counter but is gauge in group');
  const stamped = gateway.push(parseGroupPath(J1), bodyOf([{ family: 'g', value: 1 }], true), true);
  await refused(stamped, 'pushed metrics must not have timestamps');
  expect(exposed()).toEqual(['g{instance="",job="j1"} 1', 'g{instance="",job="j2"} 2']);
  expect([...gateway.groups()].map((group) => [group.failureTimeMs, group.pushTimeMs])).toEqual([
    [START_MS + 1000, START_MS],
    [START_MS + 1000, START_MS],
    [START_MS + 1000, 0],
  ]);
  expect(storage.samplesOf('push_failure_time_seconds{job="j3"}').at(-1)).toContain('=1700000001');
});

test('a group alone may change the type of its family', async () => {
  const { push, exposed } = await setup();
  await push(J1, [{ family: 'g', value: 1 }]);
  await push(J1, [{ family: 'g', type: 'counter', value: 2 }]);
  await push('/metrics/job/j2', [{ family: 'g', type: 'counter', value: 3 }]);
  expect(exposed()).toEqual(['g{instance="",job="j1"} 2', 'g{instance="",job="j2"} 3']);
});

test('one series has one group, and one line', async () => {
  const { push, exposed } = await setup();
  await push(J1, [{ family: 'g', labels: { instance: 'i' }, value: 1 }]);
  const other = '/metrics/job/j1/instance/i';
  await refused(push(other, [{ family: 'g', value: 2 }]), 'is held by group {job="j1"} already');
  await push(other, [{ family: 'k', value: 2 }]);
  const twice = [
    { family: 'd', value: 1 },
    { family: 'd', value: 2 },
  ];
  await refused(push(J1, twice), 'was collected before with the same name and label values');
  // An empty label is no label: both groups would have the same push times.
  await refused(push('/metrics/job/j1/x/', []), 'push_failure_time_seconds');
  expect(exposed()).toEqual(['g{instance="i",job="j1"} 1', 'k{instance="i",job="j1"} 2']);
});

test('a family may not look like a part of a histogram', async () => {
  const { push } = await setup();
  const count = { family: 'h', type: 'histogram', name: 'h_count', value: 1 } as const;
  await push(J1, [count]);
  await refused(push('/metrics/job/j2', [{ family: 'h_count', value: 1 }]), 'collides with');
  await refused(push(J1, [{ family: 'h_bucket', value: 1 }], false), 'collides with histogram');
  await push(J1, [{ family: 'h_count', value: 1 }]);
  await refused(push('/metrics/job/j2', [count]), 'collides with gauge');
});

test('the own families of the gateway are not the client’s to set', async () => {
  const { push, storage } = await setup();
  await push(J1, [{ family: 'push_time_seconds', value: 5 }]);
  expect(storage.samplesOf('push_time_seconds{job="j1"}')).toEqual([`${START_MS}=1700000000`]);
});

test('a commit that fails leaves everything as it was', async () => {
  const { storage, clock, push, gateway, exposed } = await setup();
  await push(J1, [{ family: 'g', value: 1 }]);
  await clock.advance(1000);
  const full = new Error('no space left');
  storage.commitError = full;
  const attempts = [
    push(J1, [{ family: 'g', type: 'counter', value: 2 }]),
    push('/metrics/job/j2', [{ family: 'g', type: 'counter', value: 3 }]),
    gateway.delete(parseGroupPath(J1)),
    gateway.wipe(),
  ];
  const outcomes = await Promise.allSettled(attempts);
  // With the first of them applied the second is no clash; all four fail with the commit.
  expect(outcomes.map((outcome) => outcome.status)).toEqual(attempts.map(() => 'rejected'));
  expect(exposed()).toEqual(['g{instance="",job="j1"} 1']);
  await clock.advance(RESAMPLE_MS);
  storage.commitError = undefined;
  await refused(push('/metrics/job/j2', [{ family: 'g', type: 'counter', value: 3 }]), 'is gauge');
  await clock.advance(RESAMPLE_MS);
  expect(storage.samplesOf('g{job="j1"}')).toEqual([`${START_MS}=1`, `${START_MS + 30_000}=1`]);
});

test('after a sampling that failed, what is deleted or replaced ends all the same', async () => {
  const { storage, clock, push, gateway } = await setup();
  await push(J1, [{ family: 'a', value: 1 }]);
  await push('/metrics/job/j2', [
    { family: 'b', value: 1 },
    { family: 'c', value: 1 },
  ]);
  storage.commitError = new Error('no space left');
  await clock.advance(RESAMPLE_MS);
  storage.commitError = undefined;
  await clock.advance(1);
  await gateway.delete(parseGroupPath(J1));
  await push('/metrics/job/j2', [{ family: 'b', value: 2 }]);
  const endMs = START_MS + RESAMPLE_MS + 1;
  expect(storage.samplesOf('a{job="j1"}')).toEqual([`${START_MS}=1`, `${endMs}=stale`]);
  expect(storage.samplesOf('c{job="j2"}').at(-1)).toContain('=stale');
  expect(storage.samplesOf('b{job="j2"}').at(-1)).toContain('=2');
});

test('what is held is what is stored, also when series could not be made anew', async () => {
  const { storage, clock, push, gateway } = await setup();
  await push(J1, [{ family: 'a', value: 1 }]);
  await clock.advance(1);
  storage.dropSeries();
  let commits = 0;
  Object.defineProperty(storage, 'commitError', {
    get: () => (++commits === 2 ? new Error('no space left') : undefined),
  });
  await expect(push(J1, [{ family: 'a', value: 2 }])).rejects.toThrow('no space left');
  const held = [...gateway.groups()];
  const restarted = await setup(storage.reopened(), clock.now());
  expect([...restarted.gateway.groups()]).toEqual(held);
  await clock.advance(RESAMPLE_MS);
  expect(storage.samplesOf('a{job="j1"}').at(-1)).toEqual(`${clock.now() - 1}=2`);
});

test('names that need quotes leave the exposition of all groups readable', async () => {
  const { push, gateway } = await setup();
  await push(J1, [{ family: 'my.metric', labels: { 'l.x': 'a"b' }, value: 1 }]);
  await push('/metrics/job/j2', [{ family: 'plain', value: 1 }]);
  const text = expositionOf(gateway.groups());
  expect(text).toContain('# TYPE "my.metric" gauge\n');
  expect(text).toContain('{"my.metric",instance="",job="j1","l.x"="a\\"b"} 1\n');
  const bytes = Buffer.from(text);
  validateText(bytes, 0, bytes.length);
});

test('beyond the series limit a push is refused whole, known series go on', async () => {
  const { storage, clock, push, exposed } = await setup(new MemoryStorage({ maxSeries: 4 }));
  await push(J1, [
    { family: 'a', value: 1 },
    { family: 'b', value: 1 },
  ]);
  await clock.advance(1000);
  await refused(push(J1, [{ family: 'c', value: 1 }]), 'limit on series');
  await push(J1, [{ family: 'a', value: 2 }]);
  expect(exposed()).toEqual(['a{instance="",job="j1"} 2']);
  expect(storage.samplesOf('c{job="j1"}')).toEqual([]);
});

test('series that the store dropped are found again by their labels', async () => {
  const { storage, clock, push } = await setup();
  await push(J1, [{ family: 'a', value: 1 }]);
  storage.dropSeries();
  await clock.advance(RESAMPLE_MS);
  expect(storage.samplesOf('a{job="j1"}')).toEqual([`${START_MS + RESAMPLE_MS}=1`]);
  storage.dropSeries();
  await clock.advance(1);
  await push(J1, [{ family: 'a', value: 2 }]);
  expect(storage.samplesOf('a{job="j1"}')).toEqual([`${START_MS + RESAMPLE_MS + 1}=2`]);
});

test('a wipe forgets every group', async () => {
  const { storage, clock, push, gateway } = await setup();
  await push(J1, [{ family: 'a', value: 1 }]);
  await push('/metrics/job/j2', [{ family: 'a', value: 1 }]);
  await clock.advance(1);
  await gateway.wipe();
  expect([...gateway.groups()]).toEqual([]);
  expect(storage.newest()).toEqual([]);
  expect(storage.state('pushgateway/').size).toBe(0);
});

test('a stored group that cannot be read does not stop the start', async () => {
  const storage = new MemoryStorage();
  storage.putState('pushgateway/x', new TextEncoder().encode('{"version":99}'));
  storage.putState('pushgateway/y', new TextEncoder().encode('not json'));
  const { push, exposed } = await setup(storage);
  await push(J1, [{ family: 'a', value: 1 }]);
  expect(exposed()).toEqual(['a{instance="",job="j1"} 1']);
});
