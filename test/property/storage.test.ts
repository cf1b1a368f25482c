import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMatcher, Labels } from '../../src/model/index.ts';
import type { EmbeddedStorage } from '../../src/storage/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { NaiveStorage } from '../contract/naive-storage.ts';
import { ALWAYS, bitsOf, dumpStorage, equals, pushBits } from '../contract/storage-access.ts';
import type { Crash } from '../support/memory-file-system.ts';
import { MemoryFileSystem, processCrash, systemError } from '../support/memory-file-system.ts';
import { spreadRefs } from '../support/spread-refs.ts';

const NOW = 1_700_000_000_000;
const WINDOW_MS = 50;
const SERIES = ['a', 'b', 'c'].map((job) => Labels.fromObject({ __name__: 'm', job }));
/** Few, so that conflicts and duplicates are common; among them what a number cannot carry. */
const VALUES = [bitsOf(0), bitsOf(-0), bitsOf(1.5), 0x7ff0000000000002n, 0xfff8000000000123n];

type Step =
  | { readonly kind: 'commit'; readonly samples: Sample[]; readonly state: number | undefined }
  | { readonly kind: 'delete'; readonly series: number; readonly from: number; readonly to: number }
  | { readonly kind: 'wait'; readonly turns: number }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'fail'; readonly operation: 'write' | 'sync' | 'create' | 'rename' }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'crash'; readonly kept: number; readonly flip: number | undefined };

interface Sample {
  readonly series: number;
  readonly offset: number;
  readonly value: number;
}

const sampleArbitrary = fc.record({
  series: fc.nat({ max: SERIES.length - 1 }),
  offset: fc.nat({ max: 150 }),
  value: fc.nat({ max: VALUES.length - 1 }),
});

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      samples: fc.array(sampleArbitrary, { maxLength: 12 }),
      state: fc.option(fc.nat({ max: 255 }), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      series: fc.nat({ max: SERIES.length - 1 }),
      from: fc.nat({ max: 150 }),
      to: fc.nat({ max: 150 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.nat({ max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'checkpoint' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      operation: fc.constantFrom('write', 'sync', 'create', 'rename'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      kept: fc.oneof(fc.nat({ max: 900 }), fc.constant(900)),
      flip: fc.option(fc.nat({ max: 8000 }), { nil: undefined }),
    }),
  },
);

/** A change on its way to the log. */
interface Change {
  /** Does it to the model and returns the outcome that the store must report. */
  readonly apply: (model: NaiveStorage) => unknown;
  /** Whether its record depends on those before it. */
  readonly isLinked: boolean;
  settled: 'acknowledged' | 'refused' | undefined;
  outcome: unknown;
}

/** Runs steps on a store and on the model side by side. */
class Comparison {
  files = new MemoryFileSystem();
  model = new NaiveStorage(WINDOW_MS);
  changes: Change[] = [];
  background: Promise<unknown>[] = [];
  readonly #fsync: 'group' | 'none';
  /** Of some runs, the store has other shards each time it is opened. */
  #shards = 1;
  #storage: EmbeddedStorage | undefined;

  constructor(fsync: 'group' | 'none') {
    this.#fsync = fsync;
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#shards = 1 + (steps.length % 3);
    await this.#open();
    for (const step of steps) await this.#step(step);
    await this.#reopen();
    await this.#storage?.close();
  }

  get #store(): EmbeddedStorage {
    if (this.#storage === undefined) throw new Error('no store is open');
    return this.#storage;
  }

  async #open(): Promise<void> {
    this.files.delay = () => turns(1);
    const storage = await openStorage(
      {
        data_dir: 'data',
        head_shards: this.#shards,
        fsync: this.#fsync,
        out_of_order_window_ms: WINDOW_MS,
        wal_segment_bytes: 4096,
        checkpoint_bytes: 16_384,
      },
      { files: this.files, clock: new FakeClock(NOW) },
    );
    this.#storage = this.#shards === 1 ? storage : spreadRefs(storage, 3);
    if (this.#shards > 1) this.#shards = 5 - this.#shards;
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'commit':
        return this.#commit(step.samples, step.state);
      case 'delete':
        return this.#delete(step.series, NOW + step.from, NOW + step.to);
      case 'wait':
        return turns(step.turns);
      case 'checkpoint':
        this.background.push(this.#store.checkpoint().catch(() => {}));
        return;
      case 'fail':
        return this.#failOnce(step.operation);
      case 'reopen':
        return this.#reopen();
      case 'crash':
        return this.#crash(step.kept, step.flip);
    }
  }

  async #commit(samples: readonly Sample[], state: number | undefined): Promise<void> {
    const appender = this.#store.appender();
    for (const { series, offset, value } of samples) {
      pushBits(appender, appender.series(SERIES[series]!), NOW + offset, VALUES[value]!);
    }
    if (state !== undefined) appender.putState('s/x', new Uint8Array([state]));
    const apply = (model: NaiveStorage): number[] => {
      if (state !== undefined) model.state.set('s/x', String(state));
      return samples.map(({ series, offset, value }) =>
        model.append(SERIES[series]!, NOW + offset, VALUES[value]!),
      );
    };
    const committed = appender.commit().then(({ outcomes }) => {
      return [...(outcomes ?? new Uint8Array(samples.length))];
    });
    this.#follow(apply, committed, samples.length > 0);
  }

  async #delete(series: number, minTime: number, maxTime: number): Promise<void> {
    const matchers = equals({ job: SERIES[series]!.get('job') });
    this.#follow(
      (model) => model.delete(matchers, minTime, maxTime),
      this.#store.deleteSeries(matchers, { minTime, maxTime }),
      false,
    );
  }

  #follow(apply: Change['apply'], done: Promise<unknown>, isLinked: boolean): void {
    const change: Change = { apply, isLinked, settled: undefined, outcome: undefined };
    this.changes.push(change);
    this.background.push(
      done.then(
        (outcome) => {
          change.settled = 'acknowledged';
          change.outcome = outcome;
        },
        () => {
          change.settled = 'refused';
        },
      ),
    );
  }

  async #failOnce(operation: string): Promise<void> {
    this.files.onOperation = (each) => {
      if (each !== operation) return;
      this.files.onOperation = () => {};
      throw systemError('EIO', 'the disk failed');
    };
  }

  /** Closes in order: every change is settled, and the store must hold just that. */
  async #reopen(): Promise<void> {
    this.files.onOperation = () => {};
    await this.#store.close();
    await Promise.all(this.background);
    this.background = [];
    for (const change of this.changes) {
      assert.notEqual(change.settled, undefined);
      if (change.settled === 'acknowledged') {
        assert.deepEqual(change.outcome, change.apply(this.model));
      }
    }
    this.changes = [];
    await this.#open();
    assert.deepEqual(await this.#contents(), contentsOf(this.model));
  }

  /**
   * The machine (with `fsync: none`, the process) dies. The next start must find all that was
   * acknowledged, and of what was on its way some records, each wholly.
   */
  async #crash(kept: number, flip: number | undefined): Promise<void> {
    const crash: Crash = {
      keptBytes: (_path, unsynced) => Math.floor((unsynced * kept) / 900),
      damage(_path, unsynced) {
        if (flip === undefined || unsynced.length === 0) return;
        const at = (flip >>> 3) % unsynced.length;
        unsynced[at] = unsynced[at]! ^ (1 << (flip & 7));
      },
    };
    // As it is at this moment: the dead store goes on with its own disk, which nobody sees.
    const changes = this.changes
      .filter(({ settled }) => settled !== 'refused')
      .map((change) => ({ ...change }));
    this.files = this.files.crashed(this.#fsync === 'group' ? crash : processCrash);
    this.changes = [];
    this.background = [];
    await this.#open();
    const found = await this.#contents();
    const possible = possibleModels(this.model, changes);
    const match = possible.find((model) => same(contentsOf(model), found));
    assert.ok(match !== undefined, describeMismatch(found, possible));
    this.model = match;
  }

  async #contents(): Promise<string[]> {
    const state = this.#store.state('').get('s/x');
    const dump = await dumpStorage(this.#store);
    // Every way of looking agrees on what is there.
    const visible = await this.#store.querier().series([], ALWAYS);
    const { seriesCount, sampleCount } = this.#store.stats();
    assert.deepEqual([seriesCount, sampleCount], [visible.length, dump.length]);
    return [...dump, `state ${state?.[0] ?? ''}`];
  }
}

function describeMismatch(found: readonly string[], possible: readonly NaiveStorage[]): string {
  const wanted = [...new Set(possible.map((model) => contentsOf(model).join('\n')))].join('\nor\n');
  return `after the crash there was\n${found.join('\n')}\nand not\n${wanted}`;
}

function contentsOf(model: NaiveStorage): string[] {
  return [...model.dump(), `state ${model.state.get('s/x') ?? ''}`];
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}

/**
 * What may be there after a crash: the acknowledged changes and, of the others, the first few,
 * less one that a flipped bit may have taken, and those after it that depend on it.
 */
function possibleModels(before: NaiveStorage, changes: readonly Change[]): NaiveStorage[] {
  const base = before.clone();
  const onTheirWay: Change[] = [];
  for (const change of changes) {
    if (change.settled === 'acknowledged') change.apply(base);
    else onTheirWay.push(change);
  }
  const models: NaiveStorage[] = [];
  for (let count = 0; count <= onTheirWay.length; count++) {
    models.push(modelWithout(base, onTheirWay.slice(0, count), count, count));
    for (let lost = 0; lost < count; lost++) {
      for (let end = lost + 1; end <= count; end++) {
        models.push(modelWithout(base, onTheirWay.slice(0, count), lost, end));
      }
    }
  }
  return models;
}

/** The model after these changes but number `lost` and those before `end` that depend on it. */
function modelWithout(
  base: NaiveStorage,
  changes: readonly Change[],
  lost: number,
  end: number,
): NaiveStorage {
  const model = base.clone();
  for (const [index, change] of changes.entries()) {
    const isGone = index > lost && index < end && change.isLinked;
    if (index !== lost && !isGone) change.apply(model);
  }
  return model;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const RUNS = Number(process.env['TIDEGAUGE_PROPERTY_RUNS'] ?? 150);

for (const fsync of ['group', 'none'] as const) {
  test(`nothing acknowledged is lost and nothing invented, fsync ${fsync}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 60, size: 'max' }), (steps) =>
        new Comparison(fsync).run(steps),
      ),
      { numRuns: RUNS },
    );
  }, 60_000);
}

test('selecting agrees with testing every series, whatever the labels', async () => {
  const text = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'é', '\u{1f30a}');
  const labelsArbitrary = fc
    .tuple(text, text, text)
    .map(([a, b, c]) => Labels.fromObject({ __name__: 'm', a, b, c }));
  const matcherArbitrary = fc
    .tuple(
      fc.constantFrom('=', '!=', '=~', '!~'),
      fc.constantFrom('a', 'b', 'c', 'd', '__name__'),
      fc.constantFrom('', 'a', 'ab', 'a|b', 'a|', 'a.*', '.*b', '.+', '[ab]{2}', 'm'),
    )
    .map(([type, name, value]) => createMatcher(type, name, value));
  await fc.assert(
    fc.asyncProperty(
      fc.array(labelsArbitrary, { minLength: 1, maxLength: 30 }),
      fc.array(fc.array(matcherArbitrary, { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
      async (labelSets, selections) => {
        const files = new MemoryFileSystem();
        const clock = new FakeClock(NOW);
        const storage = await openStorage({ data_dir: 'data' }, { files, clock });
        const appender = storage.appender();
        for (const labels of labelSets) appender.samples.push(appender.series(labels), NOW, 1);
        await appender.commit();
        const unique = new Map(labelSets.map((labels) => [labels.key, labels]));
        const sorted = [...unique.values()].sort((a, b) => a.compare(b));
        const querier = storage.querier();
        for (const matchers of selections) {
          const want = sorted.filter((labels) =>
            matchers.every((matcher) => matcher.matches(labels.get(matcher.name))),
          );
          expect((await querier.series([matchers], ALWAYS)).map(String)).toEqual(want.map(String));
        }
        querier.close();
        await storage.close();
      },
    ),
    { numRuns: 100 },
  );
});
