import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import type { EmbeddedStorage } from '../../src/storage/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { bundleProgram } from '../support/bundle-program.ts';
import { MemoryFileSystem } from '../support/memory-file-system.ts';
import { pushBits, store } from './storage-access.ts';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const BLOCKS_START = 236_111 * 18 * HOUR;
const STALE = 0x7ff0000000000002n;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-worker-'));
  program = join(folder, 'reading-worker.mjs');
  await bundleProgram(new URL('../support/storage-reading-thread.ts', import.meta.url), program);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function openWith(seriesCount: number): Promise<EmbeddedStorage> {
  const environment = { files: new MemoryFileSystem(), clock: new FakeClock(NOW) };
  const storage = await openStorage({ data_dir: 'data' }, environment);
  const appender = storage.appender();
  for (let index = 0; index < seriesCount; index++) {
    const ref = appender.series(Labels.fromObject({ __name__: 'm', index: String(index) }));
    for (let round = 0; round < 20; round++) appender.samples.push(ref, NOW + round, index);
    pushBits(appender, ref, NOW + 20, STALE);
  }
  await appender.commit();
  return storage;
}

function startWorker(storage: EmbeddedStorage): Worker {
  const { message, transfer } = storage.workerHandle();
  return new Worker(program, { workerData: message, transferList: [...transfer] });
}

test('a worker reads what is stored, and ends by itself', async () => {
  const storage = await openWith(100);
  const worker = startWorker(storage);
  worker.postMessage({ matcher: ['=~', 'index', '1.'] });
  const [answer]: unknown[] = await once(worker, 'message');
  expect(answer).toEqual({ series: 10, samples: 210, stale: 10, sum: 20 * 145, first: '10' });
  worker.postMessage('end');
  await once(worker, 'exit');
  await storage.close();
});

test('a worker reads blocks through its own handles, also while they are merged', async () => {
  const dataDir = join(folder, 'data');
  const clock = new FakeClock(BLOCKS_START);
  const input = { data_dir: dataDir, out_of_order_window_ms: HOUR, retention_ms: 0 };
  const storage = await openStorage(input, { clock });
  const worker = startWorker(storage);
  const blocks = new Set<string>();
  for (let tenth = 1; tenth <= 300; tenth++) {
    await clock.advance(HOUR / 10);
    await store(storage, Labels.fromObject({ __name__: 'm', index: '7' }), [[clock.now(), tenth]]);
    if (tenth % 30 > 0) continue;
    worker.postMessage({ matcher: ['=', '__name__', 'm'] });
    // The answer comes before, in the midst of, or after the blocks change.
    const [[answer]] = await Promise.all([once(worker, 'message'), storage.maintain()]);
    const sum = (tenth * (tenth + 1)) / 2;
    expect(answer).toEqual({ series: 1, samples: tenth, stale: 0, sum, first: '7' });
    for (const name of await readdir(join(dataDir, 'blocks'))) blocks.add(name);
  }
  expect(blocks.size).toBeGreaterThan(8);
  worker.postMessage('end');
  await once(worker, 'exit');
  await storage.close();
});

test('a large selection does not hold up the main thread', async () => {
  const storage = await openWith(30_000);
  const worker = startWorker(storage);
  let turns = 0;
  let committed = 0;
  const answers: unknown[] = [];
  worker.on('message', (answer) => answers.push(answer));
  worker.postMessage({ matcher: ['=', '__name__', 'm'] });
  while (answers.length === 0) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
    // Comes after the selection began or before it, and is in it wholly or not at all.
    if (turns % 3 === 0) {
      await store(storage, Labels.fromObject({ __name__: 'm', index: '0' }), [
        [NOW + 100 + turns, 1],
      ]);
      committed++;
    }
  }
  expect(answers[0]).toMatchObject({ series: 30_000, stale: 30_000 });
  expect(committed).toBeGreaterThan(0);
  await worker.terminate();
  await storage.close();
});

test('a worker is told when the store closes', async () => {
  const storage = await openWith(10);
  const worker = startWorker(storage);
  worker.postMessage({ matcher: ['=', '__name__', 'm'] });
  await once(worker, 'message');
  await storage.close();
  worker.postMessage({ matcher: ['=', '__name__', 'm'] });
  const [answer]: unknown[] = await once(worker, 'message');
  expect(answer).toEqual({ code: 'storage_closed' });
  await worker.terminate();
});
