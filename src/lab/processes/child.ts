import type { ChildProcess } from 'node:child_process';
import { atExit } from './at-exit.ts';

const STOP_TIMEOUT_MS = 10_000;
const OUTPUT_CHARS_MAX = 20_000;

/** A process of the lab: ended by its id, and with the lab at the latest. */
export class Child {
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  #output = '';
  #hasExited = false;

  constructor(child: ChildProcess) {
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.#output = (this.#output + bytes.toString('utf8')).slice(-OUTPUT_CHARS_MAX);
      });
    }
    const forget = atExit(() => void child.kill('SIGKILL'));
    this.exited = new Promise((resolve) => {
      const ended = (): void => {
        forget();
        this.#hasExited = true;
        resolve();
      };
      child.once('close', ended);
      child.once('error', ended);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** The end of what it has printed. */
  get output(): string {
    return this.#output;
  }

  async kill(): Promise<void> {
    if (!this.#hasExited) this.#process.kill('SIGKILL');
    await this.exited;
  }

  /** Ends it in good order, or at once where that takes too long. */
  async stop(): Promise<void> {
    if (!this.#hasExited) this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.exited;
    clearTimeout(timer);
  }
}
