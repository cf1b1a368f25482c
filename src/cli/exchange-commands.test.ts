import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Labels } from '../model/index.ts';
import { openStorage } from '../storage/index.ts';
import { addExchangeCommands } from './export.ts';

const START = Math.floor(Date.now() / 7_200_000) * 7_200_000 - 7_200_000;

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-cli-'));
});

afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await rm(folder, { recursive: true, force: true });
});

function data(name: string): string {
  return join(folder, name);
}

/** Runs a command line; what it printed, and its exit status. */
async function command(
  ...args: readonly string[]
): Promise<{ out: string; error: string; status: unknown }> {
  const lines = { out: '', error: '' };
  vi.spyOn(console, 'log').mockImplementation((line: string) => void (lines.out += `${line}\n`));
  vi.spyOn(console, 'error').mockImplementation(
    (line: string) => void (lines.error += `${line}\n`),
  );
  process.exitCode = undefined;
  const program = new Command('tidegauge').exitOverride().configureOutput({ writeErr: () => {} });
  addExchangeCommands(program);
  for (const each of program.commands.flatMap((group) => [group, ...group.commands])) {
    each.exitOverride().configureOutput({ writeErr: () => {} });
  }
  await program.parseAsync(['node', 'tidegauge', ...args]);
  return { ...lines, status: process.exitCode };
}

async function fill(dataDir: string, firstTime = START): Promise<void> {
  const storage = await openStorage({ data_dir: dataDir, fsync: 'none', retention_ms: 0 });
  const appender = storage.appender();
  const ref = appender.series(Labels.fromObject({ __name__: 'm' }));
  for (let at = 0; at < 100; at++) appender.samples.push(ref, firstTime + 15_000 * at, at);
  await appender.commit();
  await storage.close();
}

test('export, then import, then import again', async () => {
  await fill(data('a'));
  const out = await command('export', 'prometheus', data('blocks'), '--data', data('a'));
  expect(out.out).toMatch(/^\w{26} {2}.* 1 series, 100 samples\n100 samples in 1 block, /);
  const first = await command('import', 'prometheus', data('blocks'), '--data', data('b'));
  expect(first).toEqual({
    out: '100 samples of 1 block and 0 logs stored\n',
    error: '',
    status: undefined,
  });
  const again = await command('import', 'prometheus', data('blocks'), '--data', data('b'));
  expect(again.out).toContain('\n100 samples stored before, with the same value\n');
});

test('times to export', async () => {
  await fill(data('a'));
  const seconds = String(START / 1000 + 15);
  const until = new Date(START + 30_000).toISOString();
  const range = ['--min-time', seconds, '--max-time', until];
  const out = await command('export', 'prometheus', data('b'), '--data', data('a'), ...range);
  expect(out.out).toContain('1 series, 2 samples');
  for (const bad of ['yesterday', '2025-06-01', '1e9']) {
    await expect(
      command('export', 'prometheus', data('c'), '--data', data('a'), '--min-time', bad),
    ).rejects.toThrow('want a time such as');
  }
});

test('a store that is open, or that is not there', async () => {
  await fill(data('a'));
  const storage = await openStorage({ data_dir: data('a') });
  try {
    for (const args of [
      ['export', 'prometheus', data('b'), '--data', data('a')],
      ['import', 'prometheus', data('b'), '--data', data('a')],
    ]) {
      await expect(command(...args)).rejects.toMatchObject({ code: 'storage_locked' });
    }
  } finally {
    await storage.close();
  }
  await expect(
    command('export', 'prometheus', data('b'), '--data', data('none')),
  ).rejects.toMatchObject({ code: 'export_source' });
  expect(await readdir(folder)).toEqual(['a']);
});

test('what could not be read, and what will not be kept, is said', async () => {
  await fill(data('a'), START - 30 * 86_400_000);
  await command('export', 'prometheus', data('blocks'), '--data', data('a'));
  const names = await readdir(data('blocks'));
  const ulid = names.find((name) => name.length === 26) ?? '';
  const path = join(data('blocks'), ulid, 'meta.json');
  const meta = JSON.parse(await readFile(path, 'utf8')) as object;
  const old = await command('import', 'prometheus', data('blocks'), '--data', data('b'));
  expect(old.status).toBeUndefined();
  expect(old.error).toMatch(
    /the oldest sample is of .*tidegauge.storage.retention \(default 15d\)/,
  );
  const thanos = { downsample: { resolution: 300_000 } };
  await writeFile(path, JSON.stringify({ ...meta, thanos }));
  const none = await command('import', 'prometheus', data('blocks'), '--data', data('c'));
  expect(none.status).toBe(1);
  expect(none.error).toContain('left out, it is downsampled to 300000 ms by Thanos');
});
