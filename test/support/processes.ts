import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

/** How much of a process's output is kept: its end, which is where it says why it stopped. */
const OUTPUT_CHARS_MAX = 256 * 1024;
const READY_TIMEOUT_MS_DEFAULT = 30_000;
const STOP_TIMEOUT_MS_DEFAULT = 10_000;
const POLL_MS = 50;
const OUTPUT_TAIL_CHARS = 2_000;

/** When a started process counts as ready; with neither, as soon as it runs. */
export interface ReadyWhen {
  /** This address answers with a status below 500. */
  readonly url?: string;
  /** A line of its standard output or standard error matches. */
  readonly line?: RegExp;
}

export interface ProcessOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to this process's own environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly ready?: ReadyWhen;
  /** How long to wait for `ready`. Default 30 s. */
  readonly timeoutMs?: number;
}

export interface ExitStatus {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  /** Resolves when the process has ended and its output is complete; never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Standard output and error in the order seen, the last 256 Ki characters at most. */
  output(): string;
  /** Resolves with the first match of `pattern` in the output so far or to come. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>;
  /** Sends any signal; nothing happens once the process has ended. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL if it still runs after `timeoutMs` (default 10 s). */
  stop(timeoutMs?: number): Promise<ExitStatus>;
}

/**
 * Starts a program and waits until it is ready. Rejects, with the end of its output, when the
 * program cannot be started, ends early, or is not ready in time (it is killed then). The caller
 * must `stop()` what was returned; what is left over is killed when this process exits.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { command, args = [], ready, timeoutMs = READY_TIMEOUT_MS_DEFAULT } = options;
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await spawned(child, command);
  const running = new ManagedProcess(child, command);
  try {
    if (ready?.line !== undefined) await running.waitForOutput(ready.line, timeoutMs);
    if (ready?.url !== undefined) await running.waitForUrl(ready.url, timeoutMs);
  } catch (error) {
    await running.stop(0);
    throw error;
  }
  return running;
}

function spawned(child: ChildProcess, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`cannot start ${command}`, { cause })));
  });
}

class ManagedProcess implements RunningProcess {
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  readonly #child: ChildProcess;
  readonly #command: string;
  readonly #watchers = new Set<() => void>();
  #output = '';
  #ended: ExitStatus | undefined;

  constructor(child: ChildProcess, command: string) {
    this.#child = child;
    this.#command = command;
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      // A character may be split between two chunks of one stream.
      const decoder = new StringDecoder('utf8');
      stream?.on('data', (chunk: Buffer) => this.#take(decoder.write(chunk)));
    }
    const killOnExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killOnExit);
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        process.off('exit', killOnExit);
        this.#ended = { code, signal };
        resolve(this.#ended);
        this.#notify();
      });
    });
  }

  output(): string {
    return this.#output;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(timeoutMs = STOP_TIMEOUT_MS_DEFAULT): Promise<ExitStatus> {
    if (this.#ended !== undefined) return this.#ended;
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), timeoutMs);
    const status = await this.exited;
    clearTimeout(timer);
    return status;
  }

  waitForOutput(pattern: RegExp, timeoutMs = READY_TIMEOUT_MS_DEFAULT): Promise<RegExpMatchArray> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = (): void => {
        const match = this.#output.match(pattern);
        if (match !== null) finish(() => resolve(match));
        else if (this.#ended !== undefined) {
          finish(() => reject(this.#fault(`ended before it printed ${String(pattern)}`)));
        }
      };
      const timer = setTimeout(() => {
        finish(() => reject(this.#fault(`did not print ${String(pattern)} in ${timeoutMs} ms`)));
      }, timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  async waitForUrl(url: string, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await answers(url, POLL_MS * 20))) {
      if (this.#ended !== undefined) throw this.#fault(`ended before ${url} answered`);
      if (performance.now() > deadline) throw this.#fault(`no answer at ${url} in ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #take(text: string): void {
    this.#output = (this.#output + text).slice(-OUTPUT_CHARS_MAX);
    this.#notify();
  }

  #notify(): void {
    for (const look of this.#watchers) look();
  }

  #fault(what: string): Error {
    const { code, signal } = this.#ended ?? {};
    const status = this.#ended === undefined ? '' : ` (exit status ${code ?? signal})`;
    const tail = this.#output.slice(-OUTPUT_TAIL_CHARS);
    return new Error(`${this.#command} ${what}${status}; its last output:\n${tail}`);
  }
}

async function answers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.status < 500;
  } catch {
    return false;
  }
}
