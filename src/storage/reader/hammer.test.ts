import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleProgram } from '../../../test/support/bundle-program.ts';
import type { Sample } from '../../../test/support/reading-store.ts';
import { ReadingStore } from '../../../test/support/reading-store.ts';
import { Labels } from '../../model/index.ts';
import { nodeFileSystem } from '../file-system.ts';

const PAIRS = 20;
const WORKERS = 2;
const COMMITS = 2000;
const STEP = 10;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-hammer-'));
  program = join(folder, 'hammering-thread.mjs');
  const source = new URL('../../../test/support/hammering-thread.ts', import.meta.url);
  // Where the module of the kernel is found from.
  const define = { 'import.meta.url': JSON.stringify(import.meta.url) };
  await bundleProgram(source, program, { define });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** All of side a before all of side b. */
const pairs = ['a', 'b'].flatMap((side) =>
  Array.from({ length: PAIRS }, (_, index) =>
    Labels.fromObject({ __name__: 'pair', side, z: String(100 + index) }),
  ),
);

function churn(number: number): Labels {
  return Labels.fromObject({ __name__: 'churn', number: String(number), text: `t${number}` });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Lets others see the commit in its midst. */
function dawdle(): void {
  const end = performance.now() + 0.2;
  while (performance.now() < end);
}

/** Commits, late samples, deletes, series that come and go, as the thread expects them. */
function change(store: ReadingStore, round: number): void {
  const time = round * STEP;
  const samples: Sample[] = pairs.map((labels) => [labels, time, 3 * time]);
  if (round % 3 === 0) samples.unshift([churn(time), time, 3 * time]);
  store.commit(samples, dawdle);
  const some = pairs[round % pairs.length]!;
  if (round % 7 === 0 && round > 150) {
    const late = time - 5 - STEP * (round % 97);
    store.commit([[some, late, 3 * late]]);
  }
  if (round % 50 === 20 && round > 100) {
    const deleted = (round - 20 - 50) * STEP;
    store.removeRange(some, deleted, deleted);
  }
  if (round % 3 === 1 && round > 100) store.remove(churn((round - 1 - 99) * STEP));
}

test.each([1, 3])(
  'selections of workers show commits wholly and lose nothing, %i shards',
  async (shardCount) => {
    const store = new ReadingStore(
      nodeFileSystem,
      join(folder, `blocks-${shardCount}`),
      shardCount,
    );
    for (const labels of pairs) {
      store.ref(labels);
      if (store.ref(labels) % 5 === 0) store.skipRefs();
    }
    const committed = new SharedArrayBuffer(4);
    const progress = new Int32Array(committed);
    const workers = Array.from({ length: WORKERS }, () => {
      const { message, transfer } = store.reading.workerHandle();
      const workerData = { store: message, committed };
      return new Worker(program, { workerData, transferList: [...transfer] });
    });
    const reports = workers.map(async (worker) => (await once(worker, 'message')) as unknown[]);
    const exits = workers.map((worker) => once(worker, 'exit'));
    let cutting = Promise.resolve();
    for (let round = 1; round <= COMMITS; round++) {
      change(store, round);
      Atomics.store(progress, 0, round);
      if (round % 600 === 0) {
        await cutting;
        // Late samples come to what is being cut no more than to the store itself.
        cutting = store.cut((round - 200) * STEP, turn);
      }
      if (round % 20 === 0) for (const { kernel } of store.shards) kernel.reclaim();
      if (round % 4 === 0) await turn();
    }
    await cutting;
    for (const worker of workers) worker.postMessage('end');
    for (const report of reports) {
      const [found] = (await report) as [Record<string, unknown>];
      expect(found['faults']).toEqual([]);
      expect(found['selections']).toBeGreaterThan(5);
      expect(found['samples']).toBeGreaterThan(10_000);
      expect(found['churned']).toBeGreaterThan(0);
    }
    await Promise.all(exits);
    await turn();
    store.reading.close();
    expect(store.leaseCount).toBe(0);
  },
  60_000,
);

test('what a worker holds is freed when it dies', async () => {
  const store = new ReadingStore(nodeFileSystem, join(folder, 'blocks-held'));
  store.commit(pairs.map((labels) => [labels, STEP, 3 * STEP]));
  const { message, transfer } = store.reading.workerHandle();
  const workerData = { store: message, committed: new SharedArrayBuffer(4), holds: true };
  const worker = new Worker(program, { workerData, transferList: [...transfer] });
  const [report] = (await once(worker, 'message')) as unknown[];
  expect(report).toEqual({ selected: pairs.length });
  const { kernel } = store.shards[0]!;
  kernel.reclaim();
  const epoch = kernel.epoch();
  const isHeld = (): boolean => kernel.readersBefore(epoch);
  expect(isHeld()).toBe(true);
  await worker.terminate();
  while (isHeld()) await turn();
  expect(store.leaseCount).toBe(0);
  // All 64 places of readers are to be had again and again.
  for (let round = 0; round < 100; round++) {
    const handle = store.reading.workerHandle();
    for (const port of handle.transfer) (port as MessagePort).close();
    await turn();
  }
  store.reading.close();
});
