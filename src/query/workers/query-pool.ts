import { availableParallelism } from 'node:os';
import { messageOf } from '../../model/index.ts';
import type { Queryable, WorkerHandle } from '../../storage/api.ts';
import { type CancelTimer, type Clock, systemClock } from '../../util/index.ts';
import type { QueryOptions } from '../options.ts';
import { QueryFailedError } from './errors.ts';
import { failureOf } from './failure-of.ts';
import type { QueryAnswer, QueryFailure, QueryRequest, WorkerMessage } from './protocol.ts';
import { type QueryCounts, QueryTally } from './query-tally.ts';
import { type QueryThread, type StartThread, threadStarter } from './query-worker-thread.ts';
import { SmallQueries } from './small-queries.ts';

/** Evaluates queries on worker threads; what comes back is JSON that nobody parses again. */
export interface QueryPool {
  /**
   * Rejects with `QueryFailedError` only. The signal cancels: at once for the caller, and soon for
   * the worker. Where `onPart` rejects, that cancels too; without it parts are dropped.
   */
  run(request: QueryRequest, signal?: SignalSource, onPart?: TakePart): Promise<QueryAnswer>;
  /** As `run`; what is small is answered at once, and throws at once. */
  ask(
    request: QueryRequest,
    signal?: SignalSource,
    onPart?: TakePart,
  ): QueryAnswer | Promise<QueryAnswer>;
  stats(): QueryPoolStats;
  /** Cancels all there is and ends the threads. */
  close(): Promise<void>;
}

/** Takes a part that a task sends; the next one comes when the promise has resolved. */
export type TakePart = (part: Uint8Array<ArrayBuffer>) => Promise<void>;

/** A signal, or what makes it once it is needed: most queries are answered before. */
export type SignalSource = AbortSignal | (() => AbortSignal);

/** Counts since the pool was made. */
export interface QueryPoolStats extends QueryCounts {
  readonly workers: number;
  readonly running: number;
  readonly queued: number;
  /** Time that queries waited for a thread. */
  readonly queueMs: number;
  /** Threads that ended unasked. */
  readonly crashes: number;
}

export interface QueryPoolOptions {
  readonly options: QueryOptions;
  /** The bundled worker entry, `workerEntry('query-worker')`. */
  readonly entry: URL;
  /** A new handle for each thread. */
  readonly workerHandle: () => WorkerHandle;
  /** The store on this thread: queries that are small are answered here. */
  readonly queryable?: Queryable;
  readonly clock?: Clock;
  /** For tests: threads of another kind. */
  readonly startThread?: StartThread;
}

/** A worker that gives no sign this long after its deadline or its cancelling is ended. */
const GRACE_MS = 2_000;
const MIN_WORKERS = 2;

function failedError({ failure, message, limit }: QueryFailure): QueryFailedError {
  return new QueryFailedError(failure, message, { limit });
}

interface Job {
  readonly id: number;
  readonly request: QueryRequest;
  readonly enqueuedMs: number;
  readonly deadlineMs: number;
  readonly cancelFlag: SharedArrayBuffer;
  readonly settle: (outcome: QueryAnswer | QueryFailedError) => void;
  readonly onPart: TakePart | undefined;
  /** The caller has its outcome; what the worker says no longer matters. */
  settled: boolean;
  stopTimer: CancelTimer;
}

interface Slot {
  thread: QueryThread | undefined;
  job: Job | undefined;
}

/** Starts a pool. Threads start with the first requests that need them. */
export function createQueryPool(options: QueryPoolOptions): QueryPool {
  return new ThreadPool(options);
}

function isAborted(signal: SignalSource | undefined): boolean {
  return typeof signal === 'object' && signal.aborted;
}

class ThreadPool implements QueryPool {
  readonly #options: QueryOptions;
  readonly #clock: Clock;
  readonly #start: StartThread;
  readonly #small: SmallQueries | undefined;
  readonly #slots: Slot[];
  readonly #queue: Job[] = [];
  readonly #tally = new QueryTally();
  #queueMs = 0;
  #crashes = 0;
  #lastId = 0;
  #closed = false;

  constructor(given: QueryPoolOptions) {
    const { options, entry, workerHandle, queryable, clock, startThread } = given;
    this.#options = options;
    this.#small = queryable === undefined ? undefined : new SmallQueries(queryable, options);
    this.#clock = clock ?? systemClock;
    this.#start = startThread ?? threadStarter(entry, workerHandle, options);
    const count =
      options.workers === 0 ? Math.max(MIN_WORKERS, availableParallelism() - 1) : options.workers;
    this.#slots = Array.from({ length: count }, () => ({ thread: undefined, job: undefined }));
  }

  async run(request: QueryRequest, signal?: SignalSource, onPart?: TakePart): Promise<QueryAnswer> {
    return this.ask(request, signal, onPart);
  }

  ask(
    request: QueryRequest,
    signal?: SignalSource,
    onPart?: TakePart,
  ): QueryAnswer | Promise<QueryAnswer> {
    if (this.#closed) throw this.#refused('query_canceled', 'the query workers have been stopped');
    if (isAborted(signal)) throw this.#refused('query_canceled', 'query was canceled');
    const answer = this.#answerHere(request);
    if (answer !== undefined) return answer;
    if (this.#isFull()) {
      throw this.#refused(
        'query_queue_full',
        `${this.#queue.length} queries wait for a worker already, at most ` +
          `${this.#options.max_queued} may`,
      );
    }
    const made = typeof signal === 'function' ? signal() : signal;
    if (isAborted(made)) throw this.#refused('query_canceled', 'query was canceled');
    return new Promise((resolve, reject) => {
      this.#enqueue(request, made, { resolve, reject, onPart });
    });
  }

  stats(): QueryPoolStats {
    return {
      workers: this.#slots.length,
      running: this.#slots.filter(({ job }) => job !== undefined).length,
      queued: this.#queue.length,
      ...this.#tally.counts(),
      queueMs: this.#queueMs,
      crashes: this.#crashes,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const stopped = (): QueryFailedError =>
      new QueryFailedError('query_canceled', 'the query workers have been stopped');
    for (const job of this.#queue.splice(0)) job.settle(stopped());
    for (const { job } of this.#slots) job?.settle(stopped());
    await Promise.all(this.#slots.map(async ({ thread }) => thread?.terminate()));
  }

  /** The answer to what is small, made on this thread; undefined where it is not. */
  #answerHere(request: QueryRequest): QueryAnswer | Promise<QueryAnswer> | undefined {
    try {
      const answer = this.#small?.answer(request);
      if (answer === undefined) return undefined;
      if (answer instanceof Promise) return this.#counted(answer);
      this.#tally.countAnswer(answer);
      return answer;
    } catch (error) {
      throw this.#failedHere(error);
    }
  }

  async #counted(answering: Promise<QueryAnswer>): Promise<QueryAnswer> {
    try {
      const answer = await answering;
      this.#tally.countAnswer(answer);
      return answer;
    } catch (error) {
      throw this.#failedHere(error);
    }
  }

  #failedHere(error: unknown): QueryFailedError {
    const { failure, message, limit } = failureOf(error);
    this.#tally.countFailure(failure, limit);
    return new QueryFailedError(failure, message, { cause: error, limit });
  }

  #refused(failure: string, message: string): QueryFailedError {
    this.#tally.countFailure(failure);
    return new QueryFailedError(failure, message);
  }

  #isFull(): boolean {
    const isBusy = this.#slots.every(({ job }) => job !== undefined);
    return isBusy && this.#queue.length >= this.#options.max_queued;
  }

  #enqueue(
    request: QueryRequest,
    signal: AbortSignal | undefined,
    caller: {
      resolve: (answer: QueryAnswer) => void;
      reject: (error: QueryFailedError) => void;
      onPart: TakePart | undefined;
    },
  ): void {
    const now = this.#clock.monotonic();
    const asked = 'timeoutMs' in request ? request.timeoutMs : undefined;
    const timeoutMs = Math.min(asked ?? Infinity, this.#options.timeout_ms);
    const cancel = (): void => this.#cancel(job, 'query_canceled', 'query was canceled');
    const job: Job = {
      id: ++this.#lastId,
      request,
      enqueuedMs: now,
      deadlineMs: now + timeoutMs,
      cancelFlag: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
      settled: false,
      stopTimer: () => undefined,
      onPart: caller.onPart,
      settle: (outcome) => {
        if (job.settled) return;
        job.settled = true;
        job.stopTimer();
        signal?.removeEventListener('abort', cancel);
        if (outcome instanceof QueryFailedError) {
          this.#tally.countFailure(outcome.failure, outcome.limit);
          caller.reject(outcome);
        } else {
          this.#tally.countAnswer(outcome);
          caller.resolve(outcome);
        }
      },
    };
    // The worker keeps the deadline itself; this is for one that waits, or does not answer.
    job.stopTimer = this.#clock.setTimer(timeoutMs, () => this.#overdue(job));
    signal?.addEventListener('abort', cancel, { once: true });
    this.#queue.push(job);
    this.#dispatch();
  }

  #overdue(job: Job): void {
    if (this.#queue.includes(job)) {
      this.#cancel(job, 'query_timeout', 'query timed out in query queue');
      return;
    }
    job.stopTimer = this.#clock.setTimer(GRACE_MS, () =>
      this.#cancel(job, 'query_timeout', 'query timed out in expression evaluation'),
    );
  }

  /** Answers the caller now; a worker that has the job is told, and ended if it does not listen. */
  #cancel(job: Job, failure: string, message: string): void {
    if (job.settled) return;
    job.settle(new QueryFailedError(failure, message));
    const queued = this.#queue.indexOf(job);
    if (queued >= 0) {
      this.#queue.splice(queued, 1);
      return;
    }
    Atomics.store(new Int32Array(job.cancelFlag), 0, 1);
    const slot = this.#slots.find((candidate) => candidate.job === job);
    slot?.thread?.post({ kind: 'cancel', id: job.id });
    job.stopTimer = this.#clock.setTimer(GRACE_MS, () => {
      if (slot?.job === job) void slot.thread?.terminate();
    });
  }

  #dispatch(): void {
    if (this.#closed) return;
    for (const slot of this.#slots) {
      if (slot.job !== undefined) continue;
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#assign(slot, job);
    }
  }

  #assign(slot: Slot, job: Job): void {
    slot.job = job;
    const now = this.#clock.monotonic();
    this.#queueMs += now - job.enqueuedMs;
    try {
      slot.thread ??= this.#startThread(slot);
      slot.thread.post({
        kind: 'run',
        id: job.id,
        request: job.request,
        timeoutMs: Math.max(0, job.deadlineMs - now),
        queueMs: now - job.enqueuedMs,
        cancelFlag: job.cancelFlag,
      });
    } catch (error) {
      slot.job = undefined;
      job.settle(new QueryFailedError('worker_failed', messageOf(error), { cause: error }));
    }
  }

  #startThread(slot: Slot): QueryThread {
    const thread = this.#start({
      message: (message) => this.#receive(slot, message),
      gone: (cause) => {
        if (slot.thread === thread) this.#lose(slot, cause);
      },
    });
    return thread;
  }

  #receive(slot: Slot, message: WorkerMessage): void {
    const { job } = slot;
    if (message.kind === 'ready' || job?.id !== message.id) return;
    if (message.kind === 'part') {
      void this.#passOn(job, slot, message.data);
      return;
    }
    slot.job = undefined;
    job.stopTimer();
    if (message.kind === 'answer') job.settle(message.answer);
    else job.settle(failedError(message.failure));
    this.#dispatch();
  }

  async #passOn(job: Job, slot: Slot, part: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      if (!job.settled) await job.onPart?.(part);
      if (slot.job === job) slot.thread?.post({ kind: 'more', id: job.id });
    } catch (error) {
      this.#cancel(job, 'query_canceled', `a part could not be passed on: ${messageOf(error)}`);
    }
  }

  /** A thread is gone: its query fails, and the next one gets a new thread. */
  #lose(slot: Slot, cause: unknown): void {
    const { job } = slot;
    slot.thread = undefined;
    slot.job = undefined;
    if (!this.#closed) this.#crashes++;
    job?.stopTimer();
    job?.settle(
      new QueryFailedError('worker_failed', `the query worker ended: ${messageOf(cause)}`, {
        cause,
      }),
    );
    this.#dispatch();
  }
}
