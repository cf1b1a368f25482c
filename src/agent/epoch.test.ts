import { expect, test } from 'vitest';
import { MemoryFileSystem, processCrash } from '../../test/support/memory-file-system.ts';
import { beginEpoch, disklessEpoch } from './epoch.ts';

const random = (): number => 0.5;
const powerCut = { keptBytes: () => 0, damage() {} };

test('is the time of the start, and rises even when the clock goes back', async () => {
  let fileSystem = new MemoryFileSystem();
  const begin = async (wallMs: number): Promise<number> => {
    const { epoch } = await beginEpoch({ fileSystem, directory: 'agent', wallMs, random });
    fileSystem = fileSystem.crashed(powerCut);
    return epoch;
  };
  expect(await begin(1000.5)).toBe(1000);
  expect(await begin(2000)).toBe(2000);
  expect(await begin(500)).toBe(2001);
  expect(await begin(500)).toBe(2002);
});

test('a crash before the rename leaves the epoch before', async () => {
  const fileSystem = new MemoryFileSystem();
  await beginEpoch({ fileSystem, directory: 'agent', wallMs: 1000, random });
  fileSystem.onOperation = (operation) => {
    if (operation === 'rename') throw new Error('power cut');
  };
  const failing = beginEpoch({ fileSystem, directory: 'agent', wallMs: 900, random });
  await expect(failing).rejects.toThrow('power cut');
  const after = fileSystem.crashed(processCrash);
  const next = await beginEpoch({ fileSystem: after, directory: 'agent', wallMs: 0, random });
  expect(next.epoch).toBe(1001);
});

test('refuses a file that holds no number', async () => {
  const fileSystem = new MemoryFileSystem();
  fileSystem.put('agent/epoch', new TextEncoder().encode('oops'));
  const begun = beginEpoch({ fileSystem, directory: 'agent', wallMs: 1, random });
  await expect(begun).rejects.toThrow('agent/epoch holds "oops"');
});

test('without a disk the nonce tells processes apart', () => {
  expect(disklessEpoch(5.9, () => 0.25)).toEqual({ epoch: 5, nonce: 2 ** 46 });
});
