import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { LabError } from '../errors.ts';
import { atExit } from './at-exit.ts';
import { Child } from './child.ts';
import { freePort } from './free-port.ts';

const READY_TIMEOUT_MS = 30_000;
const POLL_MS = 10;

/** A collector with a folder of its own, which `close` removes. */
export class CollectorProcess {
  readonly port: number;
  readonly folder: string;
  readonly #command: readonly [string, ...string[]];
  readonly #forget: () => void;
  #child: Child | undefined;

  private constructor(command: readonly [string, ...string[]], port: number, folder: string) {
    this.#command = command;
    this.port = port;
    this.folder = folder;
    this.#forget = atExit(() => {
      if (this.pid !== 0) process.kill(this.pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    });
  }

  /** Starts one on a free port with an empty store. @throws LabError */
  static async start(
    command: readonly [string, ...string[]],
    config: (folder: string) => string,
  ): Promise<CollectorProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'tidegauge-lab-'));
    const collector = new CollectorProcess(command, await freePort(), folder);
    try {
      await collector.write('config.yml', config(folder));
      await collector.launch();
    } catch (error) {
      await collector.close();
      throw error;
    }
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#child?.output ?? '';
  }

  /** Puts a file into its folder, whole at once. */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  /** Has it read its configuration again. @throws LabError */
  async reload(): Promise<void> {
    const answer = await request(`${this.url}/-/reload`, { method: 'POST' });
    const text = await answer.body.text();
    if (answer.statusCode !== 200)
      throw new LabError(`reload answered ${answer.statusCode}: ${text}`);
  }

  /** Starts it on the data it has; resolves when it is ready. @throws LabError */
  async launch(): Promise<void> {
    const [program, ...first] = this.#command;
    const flags = ['serve', '--listen', `127.0.0.1:${this.port}`, '--log-level', 'error'];
    const files = [
      '--data',
      join(this.folder, 'data'),
      '--config',
      join(this.folder, 'config.yml'),
    ];
    this.#child = new Child(
      spawn(program, [...first, ...flags, ...files], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (!(await this.#isReady())) {
      if (this.#child.hasExited || performance.now() > deadline) {
        throw new LabError(`a collector did not get ready: ${this.#child.output.slice(-1000)}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** As a crash: at once, without notice. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  async close(): Promise<void> {
    await this.#child?.stop();
    await rm(this.folder, { recursive: true, force: true });
    this.#forget();
  }

  async #isReady(): Promise<boolean> {
    try {
      const answer = await request(`${this.url}/-/ready`);
      await answer.body.dump();
      return answer.statusCode === 200;
    } catch {
      return false;
    }
  }
}
