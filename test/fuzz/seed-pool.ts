import { Worker } from 'node:worker_threads';
import type { SimulationResult } from '../support/tide-simulator/simulation.ts';

/** A seed takes a tenth of a second, and one that fails is lived some hundred times more. */
const SEED_MS_MAX = 120_000;

export interface SeedTask {
  readonly seed: number;
  /** Ordinals of the faults that happen; all without it. */
  readonly faults?: readonly number[] | undefined;
}

/** What a seed came to: a result, or what was wrong. */
export interface SeedOutcome {
  readonly seed: number;
  readonly result?: SimulationResult;
  readonly failure?: SeedFailure;
}

export interface SeedFailure {
  readonly message: string;
  /** How it went, of as few faults as still fail. */
  readonly story?: readonly string[];
  /** Those, by ordinal, where some could be left out. */
  readonly faults?: readonly number[];
}

interface SeedPoolOptions {
  readonly threads: number;
  /** What is next; undefined when there is nothing. */
  readonly next: () => SeedTask | undefined;
  readonly done: (outcome: SeedOutcome) => void;
}

interface Thread {
  worker: Worker;
  task: SeedTask | undefined;
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
    const thread: Thread = { worker, task: undefined, timer: undefined };
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
    thread.task = this.#isStopped ? undefined : this.#options.next();
    if (thread.task === undefined) {
      this.#end(thread);
      return;
    }
    const reason = `not ended after ${SEED_MS_MAX / 1000} s`;
    thread.timer = setTimeout(() => this.#died(thread, reason), SEED_MS_MAX);
    thread.worker.postMessage(thread.task);
  }

  #died(thread: Thread, reason: string): void {
    const { task } = thread;
    if (!this.#threads.has(thread)) return;
    if (task !== undefined) {
      const message = `TIDE_SEED=${task.seed}: ${reason}`;
      this.#options.done({ seed: task.seed, failure: { message } });
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
