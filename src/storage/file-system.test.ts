import { constants, existsSync, readdirSync, readFileSync } from 'node:fs';
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

test.each([
  ['buffered', undefined],
  ['durable', 'durable'],
] as const)('%s: writes one piece or several, cuts off, goes on', async (name, writes) => {
  const path = join(directory, name);
  const file = await nodeFileSystem.open(path, 'create', writes);
  await file.write(Uint8Array.of(1, 2, 3), 0);
  await file.write(Uint8Array.of(4, 5), 3);
  await file.truncate(4);
  await file.sync();
  await file.close();
  expect([...(await nodeFileSystem.read(path))]).toEqual([1, 2, 3, 4]);
  expect(await nodeFileSystem.createExclusive(path, 'x')).toBe(false);
  const again = await nodeFileSystem.open(path, 'update', writes);
  await again.write(Uint8Array.of(6), 4);
  await again.close();
  expect([...(await nodeFileSystem.read(path))]).toEqual([1, 2, 3, 4, 6]);
  await (await nodeFileSystem.open(path, 'create', writes)).close();
  expect((await stat(path)).size).toBe(0);
});

test.runIf(process.platform === 'linux')(
  'what is opened as durable is synced by writes',
  async () => {
    const path = join(directory, 'synced');
    const before = openFlags();
    const file = await nodeFileSystem.open(path, 'create', 'durable');
    const opened = openFlags().filter((flags) => !before.includes(flags));
    await file.close();
    expect(opened.some((flags) => (flags & constants.O_DSYNC) === constants.O_DSYNC)).toBe(true);
  },
);

/** Flags of all files that this process has open. */
function openFlags(): number[] {
  return readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    try {
      const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      return [Number.parseInt(/flags:\s*(\d+)/.exec(text)?.[1] ?? '0', 8)];
    } catch {
      return [];
    }
  });
}

test('says at once where no folder can be made', async () => {
  await writeFile(join(directory, 'file'), '');
  const refusals = [join(directory, 'file'), join(directory, 'file/below')];
  // Node's own recursive mkdir never comes back from a file system that makes no folders.
  if (existsSync('/proc/self')) refusals.push('/proc/none/such');
  for (const path of refusals) {
    await expect(nodeFileSystem.makeDirectory(path), path).rejects.toThrow(/ENOENT|ENOTDIR|EEXIST/);
  }
});
