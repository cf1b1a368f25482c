import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { inDataFolder } from './data-folder.ts';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-agent-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('what the file system does not allow is said with the folder and what to do', async () => {
  const data = join(temporaryFolder(), 'data');
  writeFileSync(data, 'not a folder');
  const work = async (): Promise<void> => {
    await Promise.resolve();
    mkdirSync(join(data, 'ring'), { recursive: true });
  };
  await expect(inDataFolder(data, work)).rejects.toThrow(
    /^the data folder .*data cannot be used: ENOTDIR: .*: make room .*--memory-only$/,
  );
});

test('a folder above it that cannot be made is said in the same way', async () => {
  const above = join(temporaryFolder(), 'above');
  writeFileSync(above, 'not a folder');
  const work = async (): Promise<void> => {
    await Promise.resolve();
    mkdirSync(above);
  };
  await expect(inDataFolder(join(above, 'data'), work)).rejects.toThrow(
    /^the data folder .*data cannot be used: EEXIST: /,
  );
});

test('errors about other files, and others at all, go through', async () => {
  const other = join(temporaryFolder(), 'ca.pem');
  const read = async (): Promise<string> => {
    await Promise.resolve();
    return readFileSync(other, 'utf8');
  };
  await expect(inDataFolder('/data', read)).rejects.toThrow(/^ENOENT/);
  const fail = (): Promise<void> => Promise.reject(new Error('no'));
  await expect(inDataFolder('/data', fail)).rejects.toThrow(/^no$/);
});
