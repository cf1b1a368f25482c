import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkStore, openStorage } from '../../src/storage/index.ts';
import { describeStore } from '../golden/describe-store.ts';

const GOLDEN = fileURLToPath(new URL('../golden/store-v1', import.meta.url));

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegauge-golden-'));
  await cp(join(GOLDEN, 'files'), dataDir, { recursive: true });
});
afterAll(() => rm(dataDir, { recursive: true }));

test('the store of version 1 opens, and holds what it held', async () => {
  expect((await checkStore(dataDir)).problems).toEqual([]);
  const wanted: unknown = JSON.parse(await readFile(join(GOLDEN, 'contents.json'), 'utf8'));
  // Twice: from the log and blocks as they were, and after a checkpoint of this version.
  for (let time = 0; time < 2; time++) {
    const storage = await openStorage({ data_dir: dataDir, retention_ms: 0 });
    expect(storage.recovery.corruptionCount).toBe(0);
    expect(await describeStore(storage)).toEqual(wanted);
    await storage.checkpoint();
    await storage.close();
  }
});
