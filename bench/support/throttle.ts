import { threadsCpuMs } from './process-usage.ts';

/** Short, as what a process may use in one go is followed by a pause of its part of a core. */
const LOOK_MS = 4;
/** Time whose part of a core may be used in one go, where others had the machine before. */
const SAVED_MS = 500;

/**
 * Lets a process have a part of a core, by the CPU time that all its threads have used: it is
 * stopped when it has used more. What else runs on the machine does not count.
 */
export class Throttle {
  readonly #pid: number;
  readonly #duty: number;
  readonly #timer: NodeJS.Timeout;
  #atMs = performance.now();
  #usedMs: number;
  /** CPU time that it may still use. */
  #leftMs = 0;
  #isStopped = false;

  /** @param duty part of a core, above 0. */
  constructor(pid: number, duty: number) {
    this.#pid = pid;
    this.#duty = duty;
    this.#usedMs = threadsCpuMs(pid);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** The process may use all it gets from now on. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#isStopped) process.kill(this.#pid, 'SIGCONT');
    this.#isStopped = false;
  }

  #look(): void {
    const [nowMs, usedMs] = [performance.now(), threadsCpuMs(this.#pid)];
    const given = (nowMs - this.#atMs) * this.#duty;
    // What it could not use while others had the machine is not saved up for long.
    const most = SAVED_MS * this.#duty;
    this.#leftMs = Math.min(most, this.#leftMs + given - (usedMs - this.#usedMs));
    this.#atMs = nowMs;
    this.#usedMs = usedMs;
    if (this.#leftMs > 0 !== this.#isStopped) return;
    this.#isStopped = !this.#isStopped;
    process.kill(this.#pid, this.#isStopped ? 'SIGSTOP' : 'SIGCONT');
  }
}
