import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStorage } from '../../src/storage/index.ts';
import { bundleProgram } from '../support/bundle-program.ts';
import { bitsOf, readAll } from './storage-access.ts';

const ROUNDS = Number(process.env['TIDEGAUGE_KILL_ROUNDS'] ?? 10);
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
const SERIES_COUNT = 20;
const HOUR = 3_600_000;

let folder: string;
let program: string;

beforeAll(async () => {
  // Within the package, where the program finds the compact worker.
  await mkdir(CACHE, { recursive: true });
  folder = await mkdtemp(join(CACHE, 'kill-'));
  program = join(folder, 'writer.mjs');
  await bundleProgram(new URL('../support/storage-writer.ts', import.meta.url), program);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the writer, kills it after `acknowledgements` lines, returns the last number it printed. */
async function writeAndKill(args: readonly string[], acknowledgements: number): Promise<number> {
  const writer = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  let lines = 0;
  writer.stdout.setEncoding('utf8');
  writer.stdout.on('data', (chunk: string) => {
    text += chunk;
    lines += chunk.split('\n').length - 1;
    if (lines >= acknowledgements) writer.kill('SIGKILL');
  });
  const [exitCode, signal]: unknown[] = await once(writer, 'close');
  expect([exitCode, signal]).toEqual([null, 'SIGKILL']);
  // A line that was cut by the kill is no acknowledgement that anyone got.
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
}

/** How often samples have been merged at most. */
async function highestLevel(dataDir: string): Promise<number> {
  let highest = 0;
  for (const name of await readdir(join(dataDir, 'blocks'))) {
    const path = join(dataDir, 'blocks', name, 'meta.json');
    const text = await readFile(path, 'utf8').catch(() => '');
    const level = /"level": (\d+)/.exec(text)?.[1];
    highest = Math.max(highest, Number(level ?? 0));
  }
  return highest;
}

const CASES = [
  { fsync: 'group', stepMs: 1, ageMs: HOUR, commits: 1 },
  { fsync: 'none', stepMs: 1, ageMs: HOUR, commits: 1 },
  // Each round writes some hours, so that the kill comes while blocks are cut, merged, removed.
  { fsync: 'group', stepMs: 60_000, ageMs: 14 * 24 * HOUR, commits: 8 },
] as const;

for (const { fsync, stepMs, ageMs, commits } of CASES) {
  test(`kill -9 loses nothing acknowledged, fsync ${fsync}, every ${stepMs} ms`, async () => {
    const dataDir = join(folder, `${fsync}-${stepMs}`);
    const start = Date.now() - ageMs;
    let next = 0;
    let levels = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // The moment of the kill wanders over the writing of segments and checkpoints.
      const acknowledged = await writeAndKill(
        [dataDir, String(start), String(next), fsync, String(stepMs)],
        commits * (20 + ((round * 67) % 200)),
      );
      expect(acknowledged).toBeGreaterThanOrEqual(next);
      const storage = await openStorage({ data_dir: dataDir, out_of_order_window_ms: 0 });
      const series = await readAll(storage);
      expect(series.length).toBe(SERIES_COUNT);
      const stored = series[0]?.samples.length ?? 0;
      expect(stored).toBeGreaterThan(acknowledged);
      const want = Array.from({ length: stored }, (_, number) => [
        start + number * stepMs,
        bitsOf(number),
      ]);
      for (const { samples } of series) expect(samples).toEqual(want);
      const state = new TextDecoder().decode(storage.state('writer/').get('writer/last'));
      expect(state).toBe(String(stored - 1));
      expect(storage.stats().corruptionCount).toBe(0);
      levels = Math.max(levels, await highestLevel(dataDir));
      await storage.close();
      next = stored;
    }
    expect(levels > 0).toBe(stepMs > 1);
  }, 120_000);
}
