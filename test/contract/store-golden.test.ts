import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkStore, openStorage } from '../../src/storage/index.ts';
import { describeStore } from '../golden/describe-store.ts';

/**
 * `store-v1`: a checkpoint of version 1, with samples as they are. `store-v2`: one of version 2,
 * with packed samples of every form, of which some were deleted while it was written. `store-v3`:
 * the same of version 3, with chunks as the head had them. `log-v2`: a log of version 2, whose
 * records depend on each other.
 */
const GOLDEN = ['store-v1', 'store-v2', 'store-v3', 'log-v2'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-golden-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each(GOLDEN)('%s opens, and holds what it held', async (name) => {
  const golden = fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
  const dataDir = join(folder, name);
  await cp(join(golden, 'files'), dataDir, { recursive: true });
  expect((await checkStore(dataDir)).problems).toEqual([]);
  const wanted: unknown = JSON.parse(await readFile(join(golden, 'contents.json'), 'utf8'));
  // Twice: from the log and blocks as they were, and after a checkpoint of this version.
  for (const shards of [1, 3]) {
    const options = { data_dir: dataDir, retention_ms: 0, head_shards: shards };
    const storage = await openStorage(options);
    expect(storage.recovery.corruptionCount).toBe(0);
    expect(await describeStore(storage)).toEqual(wanted);
    await storage.checkpoint();
    await storage.close();
  }
});
