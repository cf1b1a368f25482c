import { expect, test } from 'vitest';
import { Labels } from '../model/index.ts';
import { FakeClock } from '../util/index.ts';
import { SourceRegistry } from './registry.ts';
import type { SourceContact, SourceDescription } from './source.ts';

const GOOD: SourceContact = { samples: 10, rejected: 0, durationMs: 3 };
const BAD: SourceContact = { samples: 0, rejected: 0, durationMs: 9, error: 'connection refused' };

function target(id: string, intervalMs = 15_000): SourceDescription {
  const labels = Labels.fromObject({ job: 'node' });
  return { id, kind: 'pull', name: 'node', labels, endpoint: `http://${id}/metrics`, intervalMs };
}

function setup(maxPushSources = 100) {
  const clock = new FakeClock(1_000_000);
  const registry = new SourceRegistry({ clock, maxPushSources });
  const state = (id: string) => registry.get(id)?.state;
  return { clock, registry, state };
}

test('a declared source lives from expected over live, late and silent to ended', async () => {
  const { clock, registry, state } = setup();
  registry.expect(target('a'));
  expect(state('a')).toBe('expected');
  registry.contact('a', GOOD);
  expect(state('a')).toBe('live');
  await clock.advance(22_500);
  expect(state('a')).toBe('live');
  await clock.advance(1);
  expect(state('a')).toBe('late');
  await clock.advance(37_500);
  expect(state('a')).toBe('silent');
  registry.contact('a', GOOD);
  expect(state('a')).toBe('live');
  registry.end('a');
  expect(state('a')).toBe('ended');
  registry.contact('a', GOOD);
  expect(state('a')).toBe('live');
  registry.remove('a');
  expect(state('a')).toBeUndefined();
});

test('a target that fails is late, and silent after several intervals of failures', async () => {
  const { clock, registry, state } = setup();
  registry.expect(target('a'));
  registry.contact('a', BAD);
  expect(state('a')).toBe('late');
  expect(registry.get('a')?.lastError).toBe('connection refused');
  for (let scrape = 0; scrape < 5; scrape++) {
    await clock.advance(15_000);
    registry.contact('a', BAD);
  }
  expect(state('a')).toBe('silent');
  registry.contact('a', GOOD);
  expect(registry.get('a')).toMatchObject({ state: 'live', lastError: '', lastDurationMs: 3 });
});

test('a pusher that is refused is late but not silent while it goes on', async () => {
  const { clock, registry, state } = setup();
  for (let push = 0; push < 20; push++) {
    registry.contactPush('text', '::1', { ...BAD, rejected: 4 });
    await clock.advance(10_000);
  }
  expect(state('push/text/::1')).toBe('late');
  expect(registry.get('push/text/::1')).toMatchObject({
    ...{ rejectedTotal: 80, contactsTotal: 20, failuresTotal: 20 },
  });
});

test('the interval of a pusher is the median of its gaps, bursts counting once', async () => {
  const { clock, registry, state } = setup();
  const id = 'push/remote-write/10.0.0.1';
  const interval = () => registry.get(id)?.intervalMs;
  for (const gapMs of [5000, 5000, 40_000, 5000, 5200]) {
    for (let shard = 0; shard < 10; shard++) {
      registry.contactPush('remote-write', '10.0.0.1', GOOD);
      await clock.advance(3);
    }
    await clock.advance(gapMs - 30);
  }
  registry.contactPush('remote-write', '10.0.0.1', GOOD);
  expect(interval()).toBe(5000);
  expect(registry.get(id)?.samplesTotal).toBe(510);
  expect(state(id)).toBe('live');
  await clock.advance(7501);
  expect(state(id)).toBe('late');
  await clock.advance(12_500);
  expect(state(id)).toBe('silent');
});

test('an unknown interval is taken as a minute', async () => {
  const { clock, registry, state } = setup();
  registry.contactPush('text', '10.0.0.1', GOOD);
  expect(registry.get('push/text/10.0.0.1')?.intervalMs).toBeUndefined();
  await clock.advance(90_000);
  expect(state('push/text/10.0.0.1')).toBe('live');
  await clock.advance(1);
  expect(state('push/text/10.0.0.1')).toBe('late');
  await clock.advance(150_000);
  expect(state('push/text/10.0.0.1')).toBe('silent');
});

test('pushing sources are bounded: ended ones go first, then the longest quiet', async () => {
  const { clock, registry } = setup(3);
  registry.expect(target('pull'));
  for (const address of ['a', 'b', 'c']) {
    registry.contactPush('text', address, GOOD);
    await clock.advance(1000);
  }
  registry.contactPush('text', 'a', GOOD);
  registry.end('push/text/c');
  registry.contactPush('text', 'd', GOOD);
  registry.contactPush('text', 'e', GOOD);
  expect(registry.list().map((source) => source.id)).toEqual([
    'pull',
    'push/text/a',
    'push/text/d',
    'push/text/e',
  ]);
  expect(registry.size).toBe(4);
});

test('describing a source anew keeps what is known of it', () => {
  const { registry } = setup();
  registry.expect(target('a'));
  registry.contact('a', GOOD);
  registry.expect({ ...target('a', 30_000), endpoint: 'http://elsewhere/metrics' });
  expect(registry.get('a')).toMatchObject({
    endpoint: 'http://elsewhere/metrics',
    intervalMs: 30_000,
    samplesTotal: 10,
    state: 'live',
  });
});

test('a contact of an unknown id changes nothing', () => {
  const { registry } = setup();
  registry.contact('nobody', GOOD);
  registry.end('nobody');
  expect(registry.list()).toEqual([]);
});
