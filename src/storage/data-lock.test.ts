import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../test/support/memory-file-system.ts';
import { DataLock } from './data-lock.ts';
import { StorageLockedError } from './errors.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a second lock is refused until the first is released', async () => {
  const files = new MemoryFileSystem();
  const lock = await DataLock.acquire(files, 'data');
  await expect(DataLock.acquire(files, 'data')).rejects.toBeInstanceOf(StorageLockedError);
  await lock.release();
  expect(files.paths()).toEqual([]);
  await DataLock.acquire(files, 'data');
});

test('the lock of a process that is no more is taken over', async () => {
  const check = async (holder: string): Promise<void> => {
    const files = new MemoryFileSystem();
    files.put('data/lock', encode(holder));
    await DataLock.acquire(files, 'data');
    expect(files.paths()).toEqual(['data/lock']);
    expect(new TextDecoder().decode(files.bytes('data/lock'))).toContain(`${process.pid}`);
  };
  // Above the largest process number that Linux gives out.
  await check('4194305 123');
  // The number lives on in another process, as in a container that was started again.
  await check(`${process.pid} 1`);
  await check('nonsense');
});

test('a lock is kept while its process lives, also an empty one is not kept for ever', async () => {
  const files = new MemoryFileSystem();
  files.put('data/lock', encode(''));
  await DataLock.acquire(files, 'data');
  await expect(DataLock.acquire(files, 'data')).rejects.toThrow(String(process.pid));
});
