import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger, silentLogger } from '../telemetry/index.ts';
import { FakeClock, systemClock } from '../util/index.ts';
import type { Agent, AgentEnvironment } from './agent.ts';
import { startAgent } from './agent.ts';
import { agentOptionsSchema } from './agent-options.ts';
import { lockDataFolder } from './data-lock.ts';
import { AgentSetupError } from './errors.ts';

const UNREACHED = 'http://127.0.0.1:9';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-agent-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const filesIn = (folder: string): Set<string> =>
  new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }));

/** Time goes on until it is so; disks take real time, too. */
async function until(clock: FakeClock, check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !check(); tries++) {
    await clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(check()).toBe(true);
}

/** An agent whose collector is never there. */
async function start(
  given: Record<string, unknown>,
  changes: Partial<AgentEnvironment> = {},
): Promise<Agent> {
  const collector = typeof given['collector'] === 'string' ? given['collector'] : UNREACHED;
  const agent = await startAgent({
    options: agentOptionsSchema.parse({ agent_id: 'one', ...given }),
    collector,
    scrapeConfigs: [],
    version: '0',
    clock: systemClock,
    random: Math.random,
    logger: createLogger('silent'),
    onFenced: () => {},
    ...changes,
  });
  onTestFinished(() => agent.stop());
  return agent;
}

test('a second agent in the folder is refused, and told who has it and what to do', async () => {
  const data = join(temporaryFolder(), 'data');
  const first = await start({ data });
  const before = filesIn(data);
  const second = start({ data });
  await expect(second).rejects.toBeInstanceOf(AgentSetupError);
  await expect(second).rejects.toThrow(
    `the data folder ${data} is in use by process ${process.pid}, as ${data}/lock says: ` +
      'stop that one, or give this agent a folder of its own with --data',
  );
  // It changed nothing there: neither epoch nor ring.
  expect(filesIn(data)).toEqual(before);
  await first.stop();
  expect(existsSync(join(data, 'lock'))).toBe(false);
  await start({ data });
});

test('an agent that could not begin, and one without a disk, leave no lock', async () => {
  const data = join(temporaryFolder(), 'data');
  const collector = 'https://127.0.0.1:9';
  await expect(start({ data, ca_file: '/not/there', collector })).rejects.toThrow('/not/there');
  expect(existsSync(join(data, 'lock'))).toBe(false);
  await start({ data, memory_only: true });
  await start({ data, memory_only: true });
  expect(existsSync(join(data, 'lock'))).toBe(false);
});

test('the lock of a process that was killed with -9 is taken over', async () => {
  const data = temporaryFolder();
  const script =
    "require('fs').writeFileSync(process.argv[1] + '/lock', " +
    "process.pid + ' ' + require('fs').readFileSync('/proc/self/stat', 'latin1')" +
    ".split(') ').pop().split(' ')[19]); console.log('locked'); setTimeout(() => {}, 60000);";
  const child = spawn(process.execPath, ['-e', script, data], { stdio: 'pipe' });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(lockDataFolder(data)).rejects.toThrow(`in use by process ${child.pid}`);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  await (await lockDataFolder(data)).release();
});

test('an agent whose folder is removed says so once and goes on in memory', async () => {
  const data = join(temporaryFolder(), 'data');
  const clock = new FakeClock(1_700_000_000_000);
  const said: string[] = [];
  const note = (_: unknown, text: string): void => void said.push(text);
  const logger = { ...silentLogger, error: note };
  const agent = await start({ data }, { clock, logger });
  await clock.advance(5000);
  expect(agent.status()).toMatchObject({ isDiskLost: false, ringFailures: 0 });
  rmSync(data, { recursive: true });
  await until(clock, () => agent.status().isDiskLost);
  const { sealedBatches } = agent.status();
  await clock.advance(60_000);
  expect(said).toEqual([expect.stringContaining('goes on in memory')]);
  expect(agent.status().sealedBatches).toBeGreaterThan(sealedBatches);
  expect(agent.status().ringUsedBytes).toBeGreaterThan(0);
  expect(agent.status().ringLimitBytes).toBe(8 * 1024 * 1024);
  // It makes no half of a folder where another agent may begin.
  await agent.stop();
  expect(existsSync(data)).toBe(false);
});
