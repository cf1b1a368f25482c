import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SeriesIndexWriter } from '../../src/storage/index/series-index-writer.ts';
import { bundleProgram } from '../support/bundle-program.ts';
import { testKernel } from '../support/kernel-guard.ts';
import { labelsOfRef, LASTING } from '../support/numbered-series.ts';
import { slowAtomics } from '../support/slow-atomics.ts';

const READERS = 2;
const RUN_MS = 2000;
/** On a busy machine it goes on until every reader has done so many, but not for ever. */
const SELECTIONS_MIN = 200;
const RUN_MS_MAX = 12_000;
const MEMORY_BYTES = 2 ** 29;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-index-'));
  program = join(folder, 'reading-thread.mjs');
  await bundleProgram(new URL('../support/index-reading-thread.ts', import.meta.url), program);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('readers find what is right while series come and go at full speed', async () => {
  const kernel = testKernel(MEMORY_BYTES);
  const writer = new SeriesIndexWriter(kernel.slab());
  for (let ref = 1; ref <= LASTING; ref++) writer.enter(ref, labelsOfRef(ref));
  const counts = Array.from({ length: READERS }, () => new Int32Array(new SharedArrayBuffer(4)));
  const workers = counts.map(
    (done) => new Worker(program, { workerData: { handle: kernel.openReader(), done } }),
  );
  const isSlow = () => counts.some((done) => Atomics.load(done, 0) < SELECTIONS_MIN);
  // A reader that finds a fault tells at once.
  const answers = workers.map((worker) => once(worker, 'message'));
  await Promise.all(workers.map((worker) => once(worker, 'online')));

  let next = LASTING + 1;
  const passing: number[] = [];
  const start = performance.now();
  const elapsedMs = () => performance.now() - start;
  for (let round = 0; elapsedMs() < (isSlow() ? RUN_MS_MAX : RUN_MS); round++) {
    const atFullSpeed = round % 2 === 0 ? slowAtomics(50, 0.05) : undefined;
    for (let count = 0; count < 500; count++) {
      writer.enter(next, labelsOfRef(next));
      passing.push(next++);
    }
    // Some in a row, some from all over; now and then nearly all.
    const keepMax = round % 16 === 0 ? 200 : 6000;
    while (passing.length > keepMax) {
      const from = round % 2 === 0 ? 0 : (round * 7919) % passing.length;
      writer.remove(passing.splice(from, 300));
    }
    atFullSpeed?.();
    kernel.reclaim();
    // Lets the kernel's memory seem larger to the others, and messages through.
    if (round % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  for (const worker of workers) worker.postMessage('stop');
  for (const [answer] of await Promise.all(answers)) {
    expect(answer.faults).toEqual([]);
    expect(answer.selections).toBeGreaterThan(10);
    expect(answer.series).toBeGreaterThan(LASTING);
  }
  expect(writer.size).toBe(LASTING + passing.length);
  expect(next).toBeGreaterThan(LASTING + 10_000);
  await Promise.all(workers.map((worker) => worker.terminate()));
});
