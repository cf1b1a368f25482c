import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { store } from '../../test/contract/storage-access.ts';
import { Labels } from '../model/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { FakeClock } from '../util/index.ts';
import { openStorage } from './open-storage.ts';

const NOW = 1_700_000_000_000;
const A = Labels.fromObject({ __name__: 'm', job: 'a' });

async function setUp() {
  const above = await mkdtemp(join(tmpdir(), 'tidegauge-folder-watch-'));
  onTestFinished(() => rm(above, { recursive: true, force: true }));
  const dataDir = join(above, 'data');
  const clock = new FakeClock(NOW);
  const said: string[] = [];
  const error = (_: unknown, text: string): void => void said.push(text);
  const storage = await openStorage(
    { data_dir: dataDir, fsync: 'none' },
    { clock, log: { ...silentLogger, error } },
  );
  onTestFinished(() => storage.close().catch(() => {}));
  let time = NOW;
  const append = async (): Promise<void> => {
    await clock.advance(300);
    await store(storage, A, [[++time, 1]]);
  };
  await append();
  return { dataDir, storage, append, said };
}

test('nothing is acknowledged once the data folder is removed, and that is said once', async () => {
  const { dataDir, storage, append, said } = await setUp();
  await rm(dataDir, { recursive: true });
  const wanted = `the data folder ${dataDir} was removed, moved or taken over`;
  await expect(append()).rejects.toMatchObject({
    code: 'storage_failed',
    message: expect.stringContaining(wanted) as unknown,
  });
  await expect(append()).rejects.toThrow(/start again/);
  expect(said).toEqual(['the log cannot be written; samples are refused until it can']);
  expect(storage.counters().folderMissing).toBe(1);
});

test('a folder that is moved back is as before; the log alone may be what is missing', async () => {
  const { dataDir, storage, append } = await setUp();
  for (const part of ['', '/wal']) {
    await rename(`${dataDir}${part}`, `${dataDir}.away`);
    await expect(append(), part).rejects.toThrow(/was removed, moved or taken over/);
    await rename(`${dataDir}.away`, `${dataDir}${part}`);
    await append();
    expect(storage.counters().folderMissing).toBe(0);
  }
});
