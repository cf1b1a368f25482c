import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';
import { createSmallDisk, type SmallDisk, smallDiskProblem } from '../support/chaos-small-disk.ts';
import { postGroup, readGroup } from '../support/crash-client.ts';
import { CrashLedger, GROUPS } from '../support/crash-ledger.ts';
import { CRASH_CONFIG } from '../support/crash-rounds.ts';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { eventually } from './support/query-client.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));
const DISK_BYTES = 24 * 1024 * 1024;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** More than half an hour of samples in each request: blocks are due every few of them. */
const TICKS_PER_REQUEST = 40;
const REFUSED_REQUESTS = 20;

const problem = smallDiskProblem();
const suffix = problem === '' ? '' : ` [skipped: ${problem}]`;

describe.skipIf(problem !== '')(`a full disk${suffix}`, () => {
  let disk: SmallDisk;
  let folder: string;
  let port: number;
  let url: string;
  let collector: RunningProcess;
  let ledger: CrashLedger;

  beforeEach(async () => {
    disk = await createSmallDisk(DISK_BYTES);
    folder = await mkdtemp(join(tmpdir(), 'tidegauge-disk-full-'));
    await writeFile(join(folder, 'config.yml'), CRASH_CONFIG);
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const startMs = Math.floor((Date.now() - 10 * DAY_MS) / MINUTE_MS) * MINUTE_MS;
    ledger = new CrashLedger({ startMs, stepMs: MINUTE_MS });
    await start();
  });

  afterEach(async () => {
    await collector?.stop();
    await disk?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    const flags = ['--listen', `127.0.0.1:${port}`, '--data', join(disk.path, 'data')];
    const args = [BINARY, 'serve', ...flags, '--config', join(folder, 'config.yml')];
    collector = await startProcess({
      ...disk.command(process.execPath, args),
      ready: { url: `${url}/-/ready` },
    });
  }

  /** Sends one request for a group; the refusal, or undefined where it was taken. */
  async function send(group: number): Promise<string | undefined> {
    const ticks = ledger.take(group, TICKS_PER_REQUEST);
    const answer = await postGroup(url, ledger.times, group, ticks);
    if (answer === undefined) throw new Error(`no answer; it printed ${collector.output()}`);
    if (answer.status < 300) {
      ledger.acknowledge(group, ticks);
      return undefined;
    }
    ledger.fail(group, ticks);
    return `${answer.status} ${answer.text}`;
  }

  /** Sends rounds of all groups until one is refused. */
  async function sendUntilRefused(roundsMax: number): Promise<string | undefined> {
    for (let request = 0; request < roundsMax * GROUPS; request++) {
      const refusal = await send(request % GROUPS);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  async function sendRounds(rounds: number): Promise<void> {
    const refusal = await sendUntilRefused(rounds);
    if (refusal !== undefined) throw new Error(`refused: ${refusal}`);
  }

  /** Everything acknowledged is there with its value, and nothing else. */
  async function verify(): Promise<void> {
    for (let group = 0; group < GROUPS; group++) {
      const verdict = ledger.verify(group, await readGroup(url, ledger, group));
      expect(verdict).toMatchObject({ lostSamples: 0, faults: [] });
    }
    expect(ledger.acknowledgedSamples).toBeGreaterThan(0);
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(new RegExp(String.raw`^${name} (\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  }

  async function takesAgain(): Promise<void> {
    await eventually('samples to be taken again', async () => {
      return (await send(0)) === undefined ? true : undefined;
    });
  }

  async function crashAndVerify(): Promise<void> {
    collector.kill('SIGKILL');
    await collector.exited;
    await start();
    await verify();
  }

  it('refuses with 503 that says why, answers queries, and goes on when there is room', async () => {
    await sendRounds(3);
    disk.fill(0);
    const refusal = await sendUntilRefused(200);
    expect(refusal).toMatch(/^503 .*(?:no space|disk is full|ENOSPC)/i);
    for (let request = 0; request < REFUSED_REQUESTS; request++) {
      expect(await send(request % GROUPS)).toMatch(/^503 /);
    }
    await verify();
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    disk.release();
    await takesAgain();
    await sendRounds(3);
    await verify();
    await crashAndVerify();
  });

  it('survives that cuts and checkpoints find no room, and makes them when there is', async () => {
    await sendRounds(12);
    await eventually('a first block', async () =>
      (await metric('tidegauge_storage_blocks')) > 0 ? true : undefined,
    );
    // Enough for the log for a while, and less and less for what goes to blocks meanwhile.
    disk.fill(256 * 1024);
    const failed = await eventually('a checkpoint or a cut to fail', async () => {
      await sendUntilRefused(20);
      const failures = await metric('tidegauge_storage_failed_checkpoints_total');
      const isSaid = /cannot (?:cut|merge|write a checkpoint)|not dropped/.test(collector.output());
      return failures > 0 || isSaid ? true : undefined;
    });
    expect(failed).toBe(true);
    expect(await sendUntilRefused(400)).toMatch(/^503 /);
    await verify();
    disk.release();
    await takesAgain();
    const blocks = await metric('tidegauge_storage_blocks');
    const checkpoints = await metric('tidegauge_storage_checkpoints_total');
    await sendRounds(6);
    await eventually('a cut and a checkpoint', async () => {
      const isCut = (await metric('tidegauge_storage_blocks')) !== blocks;
      const isWritten = (await metric('tidegauge_storage_checkpoints_total')) > checkpoints;
      return isCut && isWritten ? true : undefined;
    });
    await verify();
    await crashAndVerify();
  });

  it('survives a disk that fills and empties again and again while it works', async () => {
    for (let round = 0; round < 5; round++) {
      for (let batch = 0; batch < 3 * GROUPS; batch++) await send(batch % GROUPS);
      disk.fill(round * 48 * 1024);
      for (let batch = 0; batch < 2 * GROUPS; batch++) await send(batch % GROUPS);
      // The collector looks for work of its own each second.
      await sleep(1_200);
      await verify();
      disk.release();
      await takesAgain();
    }
    await verify();
    await crashAndVerify();
  });
});
