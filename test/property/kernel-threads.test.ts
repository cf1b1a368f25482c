import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { KernelBody } from '../../src/kernel/index.ts';
import { testKernel } from '../support/kernel-guard.ts';

const WINDOW = { minTime: -Infinity, maxTime: Infinity, windowMs: 1e12 };
const RUN_MS = 3000;

interface Findings {
  readonly counts: Readonly<
    Record<'reads' | 'captures' | 'samples' | 'late' | 'retries' | 'moved', number>
  >;
  readonly faults: readonly string[];
}

/** Numbers that are the same in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function append(body: KernelBody, samples: readonly (readonly [ref: number, time: number])[]) {
  const values = Float64Array.from(samples, ([, time]) => 3 * time + 1);
  body.setColumns({
    length: samples.length,
    refs: Uint32Array.from(samples, ([ref]) => ref),
    timestamps: Float64Array.from(samples, ([, time]) => time),
    values,
    words: new Uint32Array(values.buffer),
  });
  return body.append(WINDOW);
}

test('readers see whole commits and whole series, whatever the writer does', async () => {
  const kernel = testKernel(32 * 2 ** 20);
  const body = kernel.openBody();
  for (let ref = 1; ref <= 12; ref++) kernel.createSeries(ref);
  const workers = [1, 2].map(
    () =>
      new Worker(new URL('../support/kernel-checking-worker.mjs', import.meta.url), {
        workerData: kernel.openReader(),
      }),
  );
  const results = workers.map(
    (worker) =>
      new Promise<Findings>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      }),
  );
  const random = generator(20_261_122);
  const words = new Uint32Array(2);
  const insert = (ref: number, time: number): void => {
    new Float64Array(words.buffer)[0] = 3 * time + 1;
    kernel.insertLate(ref, time, words[0] ?? 0, words[1] ?? 0);
  };
  const slab = kernel.slab();
  const floorAt = slab.rootAddress(16) >>> 2;
  /** Says that samples before `floor` may be gone soon. */
  const raise = (floor: number): void => {
    Atomics.store(slab.u32, floorAt, Math.max(floor, Atomics.load(slab.u32, floorAt)));
  };
  let time = 1000;
  const refs = Array.from({ length: 8 }, (_, index) => index + 1);
  const end = performance.now() + RUN_MS;
  for (let turn = 0; performance.now() < end; turn++) {
    kernel.beginCommit();
    const ticks = 1 + random(3);
    for (let tick = 0; tick < ticks; tick++) {
      time += 10;
      append(
        body,
        refs.map((ref) => [ref, time] as const),
      );
    }
    kernel.endCommit();
    const ref = 1 + random(8);
    const late = time - 10 * random(300) - 5;
    if (late > 0) insert(ref, late);
    if (turn % 3 === 0) append(body, [[1 + random(8), Math.max(5, time - 10 * random(40) - 5)]]);
    if (turn % 5 === 0) kernel.removeRange(ref, late, late);
    if (turn % 7 === 0) kernel.packTail(ref);
    // Anything at all happens to these.
    const wild = 9 + random(4);
    for (let count = random(12); count > 0; count--) insert(wild, 1 + random(20_000));
    if (turn % 4 === 0) kernel.removeRange(wild, random(20_000), random(20_000));
    if (turn % 50 === 0) kernel.dropBefore(wild, random(20_000));
    if (turn % 20 === 0) {
      const exact = time - 4000 - random(100);
      raise(exact);
      for (const old of refs) kernel.dropBefore(old, exact);
    }
    if (turn % 30 === 0) {
      raise(time - 3500);
      kernel.truncate(1, 9, time - 3500);
    }
    if (turn % 2 === 0) kernel.createSeries(13);
    else kernel.removeSeries(13);
    if (turn % 2 === 0) insert(13, 7);
    kernel.reclaim();
    if (turn % 20 === 0) await new Promise((resume) => setImmediate(resume));
  }
  for (const worker of workers) worker.postMessage('stop');
  for (const { counts, faults } of await Promise.all(results)) {
    expect(faults).toEqual([]);
    expect(counts.reads).toBeGreaterThan(100);
    expect(counts.captures).toBeGreaterThan(10_000);
    expect(counts.samples).toBeGreaterThan(10_000);
    expect(counts.late).toBeGreaterThan(1000);
    expect(counts.moved).toBeGreaterThan(0);
  }
  await Promise.all(workers.map(async (worker) => await worker.terminate()));
  expect(kernel.stats().memoryBytes).toBeLessThan(32 * 2 ** 20);
}, 30_000);
