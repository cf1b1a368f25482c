import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

test('folders are made with those above them, and what cannot be made is an error', () => {
  const root = mkdtempSync(join(tmpdir(), 'tidegauge-folder-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  makeFolder(root);
  makeFolder(join(root, 'a/b/c'), 0o700);
  makeFolder(join(root, 'a/b/c'));
  makeFolder(`${root}/d/../e/`);
  const modes = ['a', 'a/b/c'].map((path) => statSync(join(root, path)).mode % 0o1000);
  expect(modes).toEqual([0o700, 0o700]);
  expect(statSync(join(root, 'e')).isDirectory()).toBe(true);
  writeFileSync(join(root, 'file'), '');
  expect(() => makeFolder(join(root, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(root, 'file/a'))).toThrow('ENOTDIR');
  // Where nobody can make anything, and Node's recursive one does not come back.
  if (process.platform === 'linux') expect(() => makeFolder('/proc/a/b')).toThrow('ENOENT');
});
