import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorage } from '../../src/storage/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { MemoryFileSystem } from '../support/memory-file-system.ts';
import { spreadRefs } from '../support/spread-refs.ts';
import { describeStorage } from './storage-contract.ts';
import type { StorageFactory, StorageSettings } from './storage-subject.ts';
import { NOW } from './storage-subject.ts';

function inputOf(dataDir: string, settings: StorageSettings): Parameters<typeof openStorage>[0] {
  return {
    data_dir: dataDir,
    out_of_order_window_ms: settings.outOfOrderWindowMs,
    max_series: settings.maxSeries ?? 0,
    max_exemplars: settings.maxExemplars ?? 1000,
    wal_segment_bytes: 64 * 1024,
  };
}

describeStorage('embedded storage on the disk', async (): Promise<StorageFactory> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tidegauge-storage-'));
  return {
    open: (settings) => openStorage(inputOf(dataDir, settings), { clock: new FakeClock(NOW) }),
    dispose: () => rm(dataDir, { recursive: true }),
  };
});

describeStorage('embedded storage with three shards', async (): Promise<StorageFactory> => {
  const files = new MemoryFileSystem();
  let shards = 3;
  return {
    async open(settings) {
      // What was written with any number of shards is read with any other.
      const input = { ...inputOf('data', settings), head_shards: shards };
      shards = shards === 3 ? 2 : 3;
      return spreadRefs(await openStorage(input, { clock: new FakeClock(NOW), files }));
    },
    dispose: async () => {},
  };
});

describeStorage('embedded storage in memory', async (): Promise<StorageFactory> => {
  const files = new MemoryFileSystem();
  return {
    open: (settings) =>
      openStorage(inputOf('data', settings), { clock: new FakeClock(NOW), files }),
    dispose: async () => {},
  };
});
