import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';

/** Stands for the command line: says how it was called, and stops as the collector does. */
const COMMAND = `
const timer = process.argv[2] === 'serve' ? setInterval(() => {}, 1000) : undefined;
process.on('SIGTERM', () => { console.log('drained'); clearInterval(timer); });
console.log('called with', JSON.stringify(process.argv.slice(2)));
`;

let checkout: string;
let running: RunningProcess | undefined;

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'tidegauge-start-'));
  const settings = ['tsconfig.base.json', 'tsconfig.client.json'];
  for (const name of ['scripts', 'bin', 'package.json', 'package-lock.json', ...settings]) {
    cpSync(source(name), join(checkout, name), { recursive: true });
  }
  symlinkSync(source('node_modules'), join(checkout, 'node_modules'));
  write('src/cli/main.ts', COMMAND);
  write('ui/index.html', '<html><head></head><script src="./main.tsx"></script></html>');
  write('ui/main.tsx', 'document.title = "x";');
  write('ui/tsconfig.json', '{}');
  write('src/client/index.ts', 'export {};');
  write('kernel/index.ts', 'export function nothing(): void {}');
});

afterEach(async () => {
  await running?.stop();
});

afterAll(() => rmSync(checkout, { recursive: true, force: true }));

function source(name: string): string {
  return fileURLToPath(new URL(name, packageRoot()));
}

function write(path: string, text: string): void {
  mkdirSync(join(checkout, path, '..'), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

async function npmStart(...args: string[]): Promise<RunningProcess> {
  running = await startProcess({
    command: 'npm',
    args: ['start', '--', ...args],
    cwd: checkout,
    ready: { line: /called with .*\n/ },
  });
  return running;
}

test('npm start builds, serves with the arguments, and drains on SIGTERM', async () => {
  const first = await npmStart('--config', 'my file.yml');
  expect(first.output()).toContain('tidegauge: building ...');
  expect(first.output()).toContain('called with ["serve","--config","my file.yml"]');
  expect(await first.stop()).toEqual({ code: 0, signal: null });
  expect(first.output()).toContain('drained');
});

/** How long it takes to start a Node with nothing to do, on a machine as busy as this one. */
function emptyStartMs(): number {
  const begin = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - begin;
}

test('the next start does not build, and takes under two seconds', async () => {
  const slackMs = 10 * emptyStartMs();
  const begin = performance.now();
  const second = await npmStart();
  expect(performance.now() - begin).toBeLessThan(2_000 + slackMs);
  expect(second.output()).not.toContain('building');
  expect(second.output()).toContain('called with ["serve"]');
});

test('a changed source is built again', async () => {
  write('src/cli/main.ts', `${COMMAND}console.log('changed');`);
  const third = await npmStart();
  expect(third.output()).toContain('building');
  await third.waitForOutput(/changed/);
});

test('a build that fails is said, and the exit status is 1', async () => {
  write('src/cli/main.ts', "import './absent.ts';");
  const failing = await startProcess({ command: 'npm', args: ['start'], cwd: checkout });
  expect(await failing.exited).toMatchObject({ code: 1 });
  expect(failing.output()).toContain('absent.ts');
});

test('the command itself says so when nothing is built', async () => {
  rmSync(join(checkout, 'dist'), { recursive: true });
  const command = await startProcess({ command: join(checkout, 'bin/tidegauge') });
  expect(await command.exited).toEqual({ code: 1, signal: null });
  expect(command.output()).toContain('npm run build');
});
