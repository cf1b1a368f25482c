import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../test/support/memory-file-system.ts';
import { FolderLock } from './folder-lock.ts';

class InUseError extends Error {}

const acquire = (files: MemoryFileSystem): Promise<FolderLock> =>
  FolderLock.acquire(files, 'data', ({ path, pid }) => new InUseError(`${path} ${pid}`));

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a second lock is refused until the first is released', async () => {
  const files = new MemoryFileSystem();
  const lock = await acquire(files);
  await expect(acquire(files)).rejects.toBeInstanceOf(InUseError);
  await lock.release();
  expect(files.paths()).toEqual([]);
  await acquire(files);
});

test('the lock of a process that is no more is taken over', async () => {
  const check = async (holder: string): Promise<void> => {
    const files = new MemoryFileSystem();
    files.put('data/lock', encode(holder));
    await acquire(files);
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
  await acquire(files);
  await expect(acquire(files)).rejects.toThrow(String(process.pid));
});

test('a lock that is another process by now, in a folder made anew, is left', async () => {
  const files = new MemoryFileSystem();
  const lock = await acquire(files);
  files.put('data/lock', encode('1 2'));
  await lock.release();
  expect(files.paths()).toEqual(['data/lock']);
});
