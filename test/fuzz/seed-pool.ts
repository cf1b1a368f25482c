import { Worker } from 'node:worker_threads';
import type { SimulationResult } from '../support/tide-simulator/simulation.ts';

/** A seed takes a tenth of a second; what takes longer than this will not end. */
const SEED_MS_MAX = 120_000;

/** What a seed came to: a result, or what was wrong. */
export interface SeedOutcome {
  readonly seed: number;
  readonly result?: SimulationResult;
  readonly failure?: string;
}

interface SeedPoolOptions {
  readonly threads: number;
  /** The next seed; undefined when there is none. */
  readonly next: () => number | undefined;
  readonly done: (outcome: SeedOutcome) => void;
}

interface Thread {
  worker: Worker;
  seed: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Seeds on threads, one at a time on each. A thread that dies, or does not come to an end, is a
 * failure of its seed, and another takes its place.
 */
export class SeedPool {
  readonly #options: SeedPoolOptions;
  readonly #threads = new Set<Thread>();
  #isStopped = false;
  #ended: () => void = () => {};

  constructor(options: SeedPoolOptions) {
    this.#options = options;
  }

  /** Resolves when no seed is left and none is under way. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    for (let count = 0; count < this.#options.threads; count++) this.#begin();
    await ended;
  }

  /** Ends all threads at once; what they were at is not told. */
  stop(): void {
    this.#isStopped = true;
    for (const thread of this.#threads) this.#end(thread);
  }

  #begin(): void {
    const worker = new Worker(new URL('./tide-thread.mjs', import.meta.url));
    const thread: Thread = { worker, seed: undefined, timer: undefined };
    this.#threads.add(thread);
    worker.on('message', (outcome: SeedOutcome) => {
      this.#options.done(outcome);
      this.#give(thread);
    });
    worker.on('error', (error) => this.#died(thread, String(error)));
    this.#give(thread);
  }

  #give(thread: Thread): void {
    clearTimeout(thread.timer);
    if (!this.#threads.has(thread)) return;
    thread.seed = this.#isStopped ? undefined : this.#options.next();
    if (thread.seed === undefined) {
      this.#end(thread);
      return;
    }
    const failure = `not ended after ${SEED_MS_MAX / 1000} s`;
    thread.timer = setTimeout(() => this.#died(thread, failure), SEED_MS_MAX);
    thread.worker.postMessage(thread.seed);
  }

  #died(thread: Thread, failure: string): void {
    const { seed } = thread;
    if (!this.#threads.has(thread)) return;
    if (seed !== undefined) {
      this.#options.done({ seed, failure: `TIDE_SEED=${seed}: ${failure}` });
      this.#begin();
    }
    this.#end(thread);
  }

  #end(thread: Thread): void {
    clearTimeout(thread.timer);
    this.#threads.delete(thread);
    void thread.worker.terminate();
    if (this.#threads.size === 0) this.#ended();
  }
}
