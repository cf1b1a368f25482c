import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels, METRIC_NAME, TidegaugeError } from '../../src/model/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { MemoryStorage } from '../support/memory-storage.ts';
import { type PushServer, startPushServer } from '../support/push-server.ts';
import { newestSamples } from '../support/stored-data.ts';
import { openTemporaryStorage } from '../support/temporary-storage.ts';

interface BodyLine {
  readonly family: string;
  readonly label: string;
  readonly value: number;
}

interface Push {
  readonly kind: 'PUT' | 'POST';
  readonly group: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, string>>;
  readonly lines: readonly BodyLine[];
  readonly stamped: boolean;
}

type Step =
  | Push
  | { readonly kind: 'DELETE'; readonly group: Readonly<Record<string, string>> }
  | { readonly kind: 'wipe' | 'restart' | 'wait' | 'disk full' };

const FAMILIES = ['a', 'b', 'c'];

const group: fc.Arbitrary<Record<string, string>> = fc
  .tuple(fc.constantFrom('1', '2'), fc.boolean(), fc.boolean())
  .map(([job, x, instance]) => ({
    job,
    ...(x ? { x: '1' } : {}),
    ...(instance ? { instance: 'i/i' } : {}),
  }));

const push: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('PUT', 'POST'),
  group,
  types: fc.dictionary(fc.constantFrom(...FAMILIES), fc.constantFrom('gauge', 'counter')),
  lines: fc.array(
    fc.record({
      family: fc.constantFrom(...FAMILIES),
      label: fc.constantFrom('', '{x="1"}', '{x="2"}', '{instance="i/i"}', '{job="2"}'),
      value: fc.integer({ min: 0, max: 9 }),
    }),
    { maxLength: 4 },
  ),
  stamped: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: push },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('DELETE' as const), group }) },
  fc.record({ kind: fc.constantFrom('wipe', 'restart', 'wait', 'disk full') }),
);

type ModelFamily = { readonly type: string; readonly series: ReadonlyMap<string, number> };
type ModelGroup = ReadonlyMap<string, ModelFamily>;

/** The Pushgateway in its plainest form: every check looks at everything. */
class Model {
  readonly groups = new Map<string, ModelGroup>();

  /** Whether the push is taken; it is then part of the model. */
  push({ kind, group: labels, types, lines, stamped }: Push): boolean {
    const key = keyOf(labels);
    const pushed = new Map<string, ModelFamily>();
    let repeats = false;
    for (const { family, label, value } of lines) {
      const type = types[family] ?? 'untyped';
      const series = new Map(pushed.get(family)?.series);
      const name = seriesOf(family, label, labels);
      repeats ||= series.has(name);
      pushed.set(family, { type, series: series.set(name, value) });
    }
    if ((stamped && lines.length > 0) || repeats || this.#clashes(key, pushed)) return false;
    const former = kind === 'PUT' ? [] : [...(this.groups.get(key) ?? [])];
    this.groups.set(key, new Map([...former, ...pushed]));
    return true;
  }

  get lines(): string[] {
    const lines: string[] = [];
    for (const held of this.groups.values()) {
      for (const { series } of held.values()) {
        for (const [name, value] of series) lines.push(`${name} ${value}`);
      }
    }
    return lines.sort();
  }

  #clashes(key: string, pushed: ModelGroup): boolean {
    for (const [other, held] of this.groups) {
      if (other === key) continue;
      for (const [name, { type, series }] of held) {
        const mine = pushed.get(name);
        if (mine === undefined) continue;
        if (mine.type !== type) return true;
        for (const one of mine.series.keys()) if (series.has(one)) return true;
      }
    }
    return false;
  }
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return Labels.fromObject(labels).key;
}

function seriesOf(family: string, label: string, labels: Readonly<Record<string, string>>): string {
  const own = Object.fromEntries([...label.matchAll(/(\w+)="(.*?)"/g)].map((one) => one.slice(1)));
  return Labels.fromObject({ ...own, ...labels, [METRIC_NAME]: family }).toString();
}

function pathOf(labels: Readonly<Record<string, string>>): string {
  const { job = '', ...rest } = labels;
  const parts = Object.entries(rest).flatMap(([name, value]) => [name, encodeURIComponent(value)]);
  return ['/metrics/job', job, ...parts].join('/');
}

function bodyOf({ types, lines, stamped }: Push): string {
  const families = [...new Set(lines.map((line) => line.family))];
  return families
    .flatMap((name) => [
      ...(types[name] === undefined ? [] : [`# TYPE ${name} ${types[name]}`]),
      ...lines
        .filter((line) => line.family === name)
        .map(({ label, value }) => `${name}${label} ${value}${stamped ? ' 1700000000000' : ''}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

class DiskFullError extends TidegaugeError {
  readonly code = 'storage_full';
}

/** The gateway under test over some storage. */
interface World {
  readonly send: PushServer['send'];
  restart(): Promise<void>;
  wait(durationMs: number): Promise<void>;
  /** Lets commits fail, where the storage can be told to. */
  fill(full: boolean): boolean;
  stored(): Promise<string[]>;
  close(): Promise<void>;
}

async function follow(world: World, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  let full = false;
  const isOwn = (line: string): boolean => /^push_(failure_)?time_seconds/.test(line);
  for (const one of steps) {
    full = await take(world, model, one, full);
    const { body } = await world.send('GET', '/metrics/pushed');
    const exposed = body.split('\n').filter((line) => /^[^#]/.test(line) && !isOwn(line));
    const plain = exposed.map((line) => line.replaceAll(/,?\w+=""/g, '').replace('{,', '{'));
    const wanted = model.lines;
    expect(plain.map((line) => line.replaceAll('",', '", ')).sort()).toEqual(wanted);
    const stored = await world.stored();
    expect(stored.filter((line) => !isOwn(line))).toEqual(wanted);
  }
}

/** Takes one step in world and model; returns whether the disk is full for the next one. */
async function take(world: World, model: Model, one: Step, full: boolean): Promise<boolean> {
  await world.wait(1);
  switch (one.kind) {
    case 'PUT':
    case 'POST': {
      const { status } = await world.send(one.kind, pathOf(one.group), bodyOf(one));
      const wanted = full ? 503 : model.push(one) ? 200 : 400;
      // A push refused by the gateway as well as by the disk: which of the two is told is open.
      if (full) expect([400, 503]).toContain(status);
      else expect(status).toBe(wanted);
      break;
    }
    case 'DELETE': {
      const { status } = await world.send('DELETE', pathOf(one.group));
      const known = model.groups.has(keyOf(one.group));
      expect(full ? [202, 503] : [202]).toContain(status);
      if (!full && known) model.groups.delete(keyOf(one.group));
      break;
    }
    case 'wipe': {
      const { status } = await world.send('PUT', '/api/v1/admin/wipe');
      expect(full ? [202, 503] : [202]).toContain(status);
      if (!full) model.groups.clear();
      break;
    }
    case 'restart':
      world.fill(false);
      await world.restart();
      return false;
    case 'wait':
      await world.wait(15_000);
      return full;
    case 'disk full':
      return world.fill(true);
  }
  if (full) world.fill(false);
  return false;
}

const OPTIONS = { pushgateway_admin: true };
const START_MS = 1_700_000_000_000;

/**
 * Changes of one millisecond get samples at times ahead of the clock, one for each; what is written
 * after a restart comes later, as no process starts in no time.
 */
const RESTART_MS = 100;

test('groups follow a plain model through pushes, failures and restarts', async () => {
  const world = async (): Promise<World> => {
    const clock = new FakeClock(START_MS);
    let storage = new MemoryStorage();
    let server = await startPushServer({ storage, clock, options: OPTIONS });
    return {
      send: (...parts) => server.send(...parts),
      async restart() {
        await server.close();
        storage = storage.reopened();
        await clock.advance(RESTART_MS);
        server = await startPushServer({ storage, clock, options: OPTIONS });
      },
      wait: (durationMs) => clock.advance(durationMs),
      fill(full) {
        storage.commitError = full ? new DiskFullError('no space left') : undefined;
        return full;
      },
      stored: () => Promise.resolve(storage.newest()),
      close: () => server.close(),
    };
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const one = await world();
      try {
        await follow(one, steps);
      } finally {
        await one.close();
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);

function put(group: Readonly<Record<string, string>>, lines: readonly BodyLine[]): Step {
  return { kind: 'PUT', group, types: {}, lines, stamped: false };
}

/** A group whose newest sample is ahead of the clock when the process ends, and that goes then. */
const ENDED_AFTER_RESTART: Step[] = [
  put({ job: '1' }, []),
  put({ job: '2' }, []),
  put({ job: '1', instance: 'i/i' }, []),
  { kind: 'wipe' },
  put({ job: '2' }, [{ family: 'a', label: '', value: 0 }]),
  { kind: 'restart' },
  { kind: 'DELETE', group: { job: '2' } },
  { kind: 'DELETE', group: { job: '1' } },
];

test('groups in the real store survive restarts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      const clock = new FakeClock(START_MS);
      const store = await openTemporaryStorage({ retention_ms: 0 }, clock);
      let server = await startPushServer({ storage: store.storage, clock, options: OPTIONS });
      try {
        const world: World = {
          send: (...parts) => server.send(...parts),
          async restart() {
            await server.close();
            await store.reopen();
            await clock.advance(RESTART_MS);
            server = await startPushServer({ storage: store.storage, clock, options: OPTIONS });
          },
          wait: (durationMs) => clock.advance(durationMs),
          fill: () => false,
          stored: () => newestSamples(store.storage),
          close: () => server.close(),
        };
        await follow(world, steps);
      } finally {
        await server.close();
        await store.remove();
      }
    }),
    { numRuns: 15, examples: [[ENDED_AFTER_RESTART]] },
  );
}, 60_000);
