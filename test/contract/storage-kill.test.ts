import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStorage } from '../../src/storage/index.ts';
import { bitsOf, readAll } from './storage-access.ts';

const ROUNDS = 10;
const SERIES_COUNT = 20;

/** Bundled packages that are CommonJS ask for `require`. */
const DEFINE_REQUIRE =
  "import { createRequire } from 'node:module';\n" +
  'const require = createRequire(import.meta.url);';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-kill-'));
  program = join(folder, 'writer.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../support/storage-writer.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: DEFINE_REQUIRE },
  });
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

for (const fsync of ['group', 'none'] as const) {
  test(`kill -9 loses nothing acknowledged, fsync ${fsync}`, async () => {
    const dataDir = join(folder, fsync);
    const start = Date.now() - 3_600_000;
    let next = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // The moment of the kill wanders over the writing of segments and checkpoints.
      const acknowledged = await writeAndKill(
        [dataDir, String(start), String(next), fsync],
        20 + ((round * 67) % 200),
      );
      expect(acknowledged).toBeGreaterThanOrEqual(next);
      const storage = await openStorage({ data_dir: dataDir, out_of_order_window_ms: 0 });
      const series = await readAll(storage);
      expect(series.length).toBe(SERIES_COUNT);
      const stored = series[0]?.samples.length ?? 0;
      expect(stored).toBeGreaterThan(acknowledged);
      const want = Array.from({ length: stored }, (_, number) => [start + number, bitsOf(number)]);
      for (const { samples } of series) expect(samples).toEqual(want);
      const state = new TextDecoder().decode(storage.state('writer/').get('writer/last'));
      expect(state).toBe(String(stored - 1));
      expect(storage.stats().corruptionCount).toBe(0);
      await storage.close();
      next = stored;
    }
  }, 120_000);
}
