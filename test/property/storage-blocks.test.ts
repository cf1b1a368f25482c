import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import type { EmbeddedStorage } from '../../src/storage/index.ts';
import { openStorage, SampleOutcome } from '../../src/storage/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { dumpLine } from '../contract/naive-storage.ts';
import { ALWAYS, bitsOf, dumpStorage, equals, pushBits } from '../contract/storage-access.ts';
import { checkLookups } from '../contract/storage-lookups.ts';
import { MemoryFileSystem } from '../support/memory-file-system.ts';
import { connectThrough } from '../support/connect-through.ts';
import { spreadRefs } from '../support/spread-refs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A round multiple of two hours. */
const START = 236_111 * 2 * HOUR;
const WINDOW_MS = HOUR;
const SERIES = ['a', 'b', 'c', 'd'].map((job) => Labels.fromObject({ __name__: 'm', job }));
const VALUES = [bitsOf(0), bitsOf(-0), bitsOf(1.5), 0x7ff0000000000002n, 0xfff8000000000123n];

type Step =
  /** Each of the series gets a sample every ten minutes until then. */
  | { readonly kind: 'live'; readonly minutes: number; readonly series: number }
  | { readonly kind: 'late'; readonly series: number; readonly agoMinutes: number; value: number }
  | { readonly kind: 'delete'; readonly series: number; from: number; to: number }
  | { readonly kind: 'maintain' | 'checkpoint' | 'reopen' };

type Contents = ReadonlyMap<number, ReadonlyMap<number, bigint>>;

/** What happened to the disk at one moment, and what the next start may find on it. */
interface CrashedDisk {
  readonly files: MemoryFileSystem;
  readonly possible: readonly string[];
  readonly at: string;
}

/** Runs steps on a store beside a plain map, one after another. */
class Run {
  readonly files = new MemoryFileSystem();
  readonly clock = new FakeClock(START);
  readonly disks: CrashedDisk[] = [];
  #contents = new Map<number, Map<number, bigint>>();
  /** Contents after the step under way, where it changes any. */
  #next: Contents | undefined;
  #storage: EmbeddedStorage | undefined;
  #operations = 0;
  #shards = 1;
  readonly #crashAt: (operation: number) => boolean;

  constructor(crashAt: (operation: number) => boolean) {
    this.#crashAt = crashAt;
    this.files.onOperation = (operation, path) => {
      if (!this.#crashAt(this.#operations++)) return;
      const keptBytes = (_: string, unsynced: number): number =>
        (this.#operations * 7) % (unsynced + 1);
      const possible = [linesOf(this.#contents), linesOf(this.#next ?? this.#contents)];
      const files = this.files.crashed({ keptBytes, damage() {} });
      this.disks.push({ files, possible, at: `${operation} ${path}` });
    };
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#shards = 1 + (steps.length % 2);
    await this.#open();
    for (const step of steps) {
      await this.#step(step);
      assert.equal(await contentsOf(this.#store), linesOf(this.#contents), `after ${step.kind}`);
      await this.#checkLookups(this.#operations);
    }
    await this.#store.close();
  }

  async #checkLookups(seed: number): Promise<void> {
    const now = this.clock.now();
    const ago = (seed % 90) * 7 * MINUTE;
    const reader = connectThrough(this.#store.workerHandle());
    for (const queryable of [this.#store, reader]) {
      await checkLookups(queryable, [now - ago]);
      await checkLookups(queryable, [now - ago], { minTime: now - ago - 3 * HOUR, maxTime: now });
      await checkLookups(queryable, [now - 2 * ago, now - ago, now]);
    }
  }

  get #store(): EmbeddedStorage {
    assert.ok(this.#storage);
    return this.#storage;
  }

  async #open(): Promise<void> {
    this.#storage = await open(this.files, this.clock, this.#shards);
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'live':
        for (let minute = 0; minute < step.minutes; minute += 10) {
          await this.clock.advance(10 * MINUTE);
          const wanted = [...SERIES.keys()].filter((index) => (step.series & (1 << index)) !== 0);
          await this.#commit(wanted.map((index) => [index, this.clock.now(), minute % 5]));
        }
        return;
      case 'late':
        return this.#commit([
          [step.series, this.clock.now() - step.agoMinutes * MINUTE, step.value],
        ]);
      case 'delete':
        return this.#delete(step.series, START + step.from * MINUTE, START + step.to * MINUTE);
      case 'maintain':
        return this.#store.maintain();
      case 'checkpoint':
        return this.#store.checkpoint();
      case 'reopen':
        await this.#store.close();
        return this.#open();
    }
  }

  async #commit(samples: readonly (readonly [number, number, number])[]): Promise<void> {
    const appender = this.#store.appender();
    for (const [series, time, value] of samples) {
      pushBits(appender, appender.series(SERIES[series]!), time, VALUES[value]!);
    }
    const next = copy(this.#contents);
    for (const [series, time, value] of samples) {
      const timeline = next.get(series) ?? new Map<number, bigint>();
      next.set(series, timeline);
      if (!timeline.has(time)) timeline.set(time, VALUES[value]!);
    }
    this.#next = next;
    const { outcomes } = await appender.commit();
    this.#next = undefined;
    for (const [index, [series, time, value]] of samples.entries()) {
      const outcome = outcomes?.[index] ?? SampleOutcome.STORED;
      const known = this.#contents.get(series)?.get(time);
      if (outcome === SampleOutcome.STORED) continue;
      if (outcome === SampleOutcome.OUT_OF_ORDER) next.get(series)?.delete(time);
      else assert.equal(outcome === SampleOutcome.DUPLICATE, known === VALUES[value]);
      if (known !== undefined) next.get(series)?.set(time, known);
    }
    this.#contents = next;
  }

  async #delete(series: number, minTime: number, maxTime: number): Promise<void> {
    const next = copy(this.#contents);
    for (const time of [...(next.get(series)?.keys() ?? [])]) {
      if (time >= minTime && time <= maxTime) next.get(series)?.delete(time);
    }
    this.#next = next;
    const matchers = equals({ job: SERIES[series]!.get('job') });
    const touched = await this.#store.deleteSeries(matchers, { minTime, maxTime });
    this.#next = undefined;
    const before = this.#contents.get(series)?.size ?? 0;
    assert.equal(touched, (next.get(series)?.size ?? 0) < before ? 1 : 0);
    this.#contents = next;
  }
}

async function open(
  files: MemoryFileSystem,
  clock: FakeClock,
  shards: number,
): Promise<EmbeddedStorage> {
  const storage = await openStorage(
    {
      data_dir: 'data',
      head_shards: shards,
      out_of_order_window_ms: WINDOW_MS,
      retention_ms: 0,
      wal_segment_bytes: 4096,
      checkpoint_bytes: 16_384,
    },
    { files, clock },
  );
  return shards === 1 ? storage : spreadRefs(storage, 3);
}

function copy(contents: Contents): Map<number, Map<number, bigint>> {
  return new Map([...contents].map(([series, timeline]) => [series, new Map(timeline)]));
}

function linesOf(contents: Contents): string {
  const lines: string[] = [];
  for (const [index, labels] of SERIES.entries()) {
    const timeline = [...(contents.get(index) ?? [])].sort((a, b) => a[0] - b[0]);
    for (const [time, bits] of timeline) lines.push(dumpLine(labels, time, bits));
  }
  return lines.join('\n');
}

/** Everything in the store; every way of looking must agree. */
async function contentsOf(storage: EmbeddedStorage): Promise<string> {
  const lines = await dumpStorage(storage);
  const jobs = [...new Set(lines.map((line) => /job="(.)"/.exec(line)?.[1] ?? ''))];
  const querier = storage.querier();
  assert.deepEqual(await querier.labelValues('job', [], ALWAYS), jobs);
  const names = jobs.length === 0 ? [] : ['__name__', 'job'];
  assert.deepEqual(await querier.labelNames([], ALWAYS), names);
  assert.equal((await querier.series([equals({ __name__: 'm' })], ALWAYS)).length, jobs.length);
  querier.close();
  return lines.join('\n');
}

async function checkCrashes(disks: readonly CrashedDisk[], now: number): Promise<void> {
  for (const { files, possible, at } of disks) {
    const storage = await open(files, new FakeClock(now), 1);
    const found = await contentsOf(storage);
    assert.ok(
      possible.includes(found),
      `crash at ${at}: ${found}\nnot\n${possible.join('\nor\n')}`,
    );
    assert.equal(storage.stats().corruptionCount, 0);
    // The store goes on where it was.
    await storage.maintain();
    assert.equal(await contentsOf(storage), found);
    await storage.close();
  }
}

test('a crash before any file operation loses nothing and doubles nothing', async () => {
  const steps: Step[] = [
    { kind: 'live', minutes: 330, series: 15 },
    { kind: 'maintain' },
    { kind: 'late', series: 1, agoMinutes: 55, value: 2 },
    { kind: 'live', minutes: 60, series: 7 },
    { kind: 'delete', series: 0, from: 60, to: 340 },
    { kind: 'checkpoint' },
    { kind: 'live', minutes: 150, series: 7 },
    { kind: 'late', series: 3, agoMinutes: 400, value: 1 },
    { kind: 'maintain' },
    { kind: 'delete', series: 1, from: 0, to: 1000 },
    { kind: 'live', minutes: 130, series: 15 },
    { kind: 'maintain' },
    { kind: 'reopen' },
  ];
  const run = new Run(() => true);
  await run.run(steps);
  const blocks = new Set(run.files.paths().map((path) => /blocks\/(\w+)\//.exec(path)?.[1]));
  blocks.delete(undefined);
  assert.ok(blocks.size >= 2, `${blocks.size} blocks`);
  const moments = run.disks.filter(
    ({ at }, index) => at.includes('blocks') || at.includes('checkpoint') || index % 5 === 0,
  );
  await checkCrashes(moments, run.clock.now());
}, 60_000);

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('live' as const),
      minutes: fc.constantFrom(10, 60, 130, 250),
      series: fc.integer({ min: 1, max: 15 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      series: fc.nat({ max: 3 }),
      agoMinutes: fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 900 })),
      value: fc.nat({ max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      series: fc.nat({ max: 3 }),
      from: fc.nat({ max: 900 }),
      to: fc.nat({ max: 900 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('maintain', 'checkpoint', 'reopen' as const) }),
  },
);

const RUNS = Number(process.env['TIDEGAUGE_PROPERTY_RUNS'] ?? 60);

test('head and blocks together hold what was stored, also after crashes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stepArbitrary, { minLength: 3, maxLength: 25, size: 'max' }),
      fc.integer({ min: 7, max: 60 }),
      async (steps, every) => {
        const run = new Run((operation) => operation % every === 0);
        await run.run(steps);
        await checkCrashes(run.disks.slice(-12), run.clock.now());
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);
