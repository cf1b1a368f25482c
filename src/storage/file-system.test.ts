import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeFileSystem } from './file-system.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-system-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

test('makes a folder and those above it, by any form of its path, and minds none that is there', async () => {
  const check = async (path: string): Promise<void> => {
    for (let time = 0; time < 2; time++) {
      await nodeFileSystem.makeDirectory(path);
      expect((await stat(path)).isDirectory()).toBe(true);
    }
  };
  await check(join(directory, 'a'));
  await check(`${join(directory, 'a/b/c')}/`);
  await check(`${directory}/a/./x/../y/z`);
  await check(relative(process.cwd(), join(directory, 'd/e')));
});

test('writes what it is given in one piece or several, and cuts it off', async () => {
  const path = join(directory, 'file');
  const file = await nodeFileSystem.open(path, 'create');
  await file.write(Uint8Array.of(1, 2, 3), 0);
  await file.write(Uint8Array.of(4, 5), 3);
  await file.truncate(4);
  await file.sync();
  await file.close();
  expect([...(await nodeFileSystem.read(path))]).toEqual([1, 2, 3, 4]);
  expect(await nodeFileSystem.createExclusive(path, 'x')).toBe(false);
});

test('says at once where no folder can be made', async () => {
  await writeFile(join(directory, 'file'), '');
  const refusals = [join(directory, 'file'), join(directory, 'file/below')];
  // Node's own recursive mkdir never comes back from a file system that makes no folders.
  if (existsSync('/proc/self')) refusals.push('/proc/none/such');
  for (const path of refusals) {
    await expect(nodeFileSystem.makeDirectory(path), path).rejects.toThrow(/ENOENT|ENOTDIR|EEXIST/);
  }
});
