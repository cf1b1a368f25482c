import { expect, test } from 'vitest';
import { equals, readAll, store } from '../../test/contract/storage-access.ts';
import { MemoryFileSystem } from '../../test/support/memory-file-system.ts';
import { Labels } from '../model/index.ts';
import { FakeClock } from '../util/index.ts';
import type { Appender } from './api.ts';
import { SampleBatch, SampleOutcome } from './api.ts';
import type { Commit } from './head/commit.ts';
import { Head } from './head/head.ts';
import type { EmbeddedStorage } from './embedded-storage.ts';
import { openStorage } from './open-storage.ts';

const NOW = 1_700_000_000_000;
const MIB = 1024 * 1024;
/** What may be done between two turns of the event loop, in items. */
const SERIES_A_TURN = 1024;
const SAMPLES_A_TURN = 16 * 1024;

function labelsOf(index: number): Labels {
  return Labels.fromObject({ __name__: 'many', index: String(index) });
}

/** A commit of so many new series, with so many samples of the first of them. */
function commitOf(seriesCount: number, sampleCount: number): Commit {
  const samples = new SampleBatch();
  for (let index = 0; index < sampleCount; index++) {
    // The one before the last comes twice.
    samples.push(1, NOW + Math.min(index, sampleCount - 2), index);
  }
  const series = Array.from({ length: seriesCount }, (_, index) => ({
    ref: index + 1,
    labels: labelsOf(index),
  }));
  const bounds = { minTime: 0, maxTime: Infinity, windowMs: 1000 };
  return { bounds, series, samples, histograms: [], exemplars: [], metadata: [], state: [] };
}

function newHead(shardCount: number): Head {
  return new Head({ maxExemplars: 0, shardCount, shardBytes: 64 * MIB });
}

function fill(appender: Appender, count: number): void {
  for (let index = 0; index < count; index++) {
    appender.samples.push(appender.series(labelsOf(index)), NOW, index);
  }
}

function open(files = new MemoryFileSystem()): Promise<EmbeddedStorage> {
  return openStorage({ data_dir: 'data' }, { files, clock: new FakeClock(NOW) });
}

test.each([1, 3])(
  'a slice has a bounded number of series and samples: %i shards',
  async (shards) => {
    const commit = commitOf(10_000, 100_000);
    const [whole, sliced] = [newHead(shards), newHead(shards)];
    let before = { series: 0, samples: 0 };
    let pauses = 0;
    const commitNumber = sliced.shards[0]!.reader.commit();
    const result = await sliced.applyInSlices(commit, () => {
      const now = { series: sliced.series.size, samples: sliced.sampleCount };
      expect(now.series - before.series).toBeLessThanOrEqual(SERIES_A_TURN);
      expect(now.samples - before.samples).toBeLessThanOrEqual(SAMPLES_A_TURN);
      before = now;
      // Until all of it is in, what readers go by is the commit before.
      if (now.samples < 99_999) expect(sliced.shards[0]!.reader.commit()).toBe(commitNumber);
      pauses++;
      return Promise.resolve();
    });
    expect(pauses).toBeGreaterThanOrEqual(10_000 / SERIES_A_TURN + 100_000 / SAMPLES_A_TURN);
    const wanted = whole.apply(commit);
    expect(result).toEqual(wanted);
    expect(wanted.counts[SampleOutcome.CONFLICT]).toBe(1);
    for (const head of [whole, sliced]) {
      expect([head.series.size, head.series.filledCount, head.sampleCount]).toEqual([
        10_000, 1, 99_999,
      ]);
      expect(head.shards[0]!.reader.commit()).not.toBe(commitNumber);
    }
  },
);

test('a large commit takes many turns, is seen wholly or not at all, and is there again', async () => {
  const files = new MemoryFileSystem();
  const storage = await open(files);
  const appender = storage.appender();
  fill(appender, 12_000);
  let turns = 0;
  const commit = { isDone: false };
  const counts = new Set<number>();
  const look = async (): Promise<void> => {
    while (!commit.isDone) {
      counts.add((await readAll(storage, equals({ __name__: 'many' }))).length);
      turns++;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const looking = look();
  const result = await appender.commit();
  expect(result.counts[SampleOutcome.STORED]).toBe(12_000);
  expect((await readAll(storage, equals({ __name__: 'many' }))).length).toBe(12_000);
  commit.isDone = true;
  await looking;
  expect(turns).toBeGreaterThanOrEqual(12_000 / SERIES_A_TURN);
  expect([...counts].filter((count) => count !== 12_000)).toEqual([0]);
  await storage.close();
  const again = await open(files);
  expect((await readAll(again, equals({ __name__: 'many' }))).length).toBe(12_000);
  expect((await readAll(again, equals({ index: '11999' })))[0]?.samples.length).toBe(1);
  await again.close();
});

test('commits keep the order in which they were given, and closing waits for them', async () => {
  const files = new MemoryFileSystem();
  const storage = await open(files);
  const large = storage.appender();
  fill(large, 5000);
  large.putState('kind/a', Uint8Array.of(1));
  const small = storage.appender();
  small.putState('kind/a', Uint8Array.of(2));
  const other = store(storage, labelsOf(7), [[NOW, 7]]);
  const committing = Promise.all([large.commit(), small.commit(), other]);
  const closing = storage.close();
  const [, , { counts }] = await committing;
  // The same series, asked for while it was on its way, is one.
  expect(counts[SampleOutcome.STORED]).toBe(1);
  await closing;
  const again = await open(files);
  expect(again.state('kind/').get('kind/a')).toEqual(Uint8Array.of(2));
  expect((await readAll(again, equals({ __name__: 'many' }))).length).toBe(5000);
  await again.close();
});
