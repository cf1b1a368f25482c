import { Labels, messageOf, METRIC_NAME } from '../../../model/index.ts';
import { type Appender, NO_SERIES } from '../../../storage/api.ts';
import type { Logger } from '../../../telemetry/index.ts';
import {
  ByteReader,
  ByteWriter,
  type CancelTimer,
  type Clock,
  IntervalSet,
} from '../../../util/index.ts';
import type { PushStore } from '../exchange.ts';

/** Kinds of the keys of runs and jobs in the store's keyed state. */
const RUN_STATE_PREFIX = 'oneshot-run/';
const JOB_STATE_PREFIX = 'oneshot-job/';

/** A run is remembered so long after its last push: repeats come sooner. */
const RUN_MS = 7 * 24 * 3_600_000;
/** Runs remembered at most; the longest unheard goes first. */
const RUNS_MAX = 100_000;
/** Time between samples of the dead-man series. */
const SAMPLE_MS = 15_000;
/** A run may come so much later than its schedule says. */
const GRACE = 1.5;

/** One push of a run. */
export interface RunPush {
  readonly job: string;
  readonly runId: string;
  /** From 0 on. */
  readonly seq: number;
  readonly isFinal: boolean;
  /** Undefined: nothing is said of it; 0: there is none any more. */
  readonly scheduleMs: number | undefined;
}

interface Run {
  readonly seqs: IntervalSet;
  lastMs: number;
}

interface Job {
  readonly scheduleMs: number;
  /** When a run ended last, or the schedule was first heard of. */
  readonly lastMs: number;
}

/**
 * What short jobs have pushed: which pushes are stored, so that one that is repeated is not stored
 * twice, and when jobs with a schedule ran last, so that one that stays out is seen. Changes go to
 * the store with the samples they belong to.
 */
export class OneShotJobs {
  readonly #storage: PushStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  // In order of last push, so that the oldest is found at once.
  readonly #runs = new Map<string, Run>();
  readonly #jobs = new Map<string, Job>();
  /** Ends of the work under way, by run. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #cancelTimer: CancelTimer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(storage: PushStore, clock: Clock, logger: Logger) {
    this.#storage = storage;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Takes up what the store holds. */
  start(): void {
    const runs: [string, Run][] = [];
    for (const [key, value] of this.#storage.state(RUN_STATE_PREFIX)) {
      runs.push([key, decodeRun(value)]);
    }
    runs.sort((a, b) => a[1].lastMs - b[1].lastMs);
    for (const [key, run] of runs) this.#runs.set(key, run);
    for (const [key, value] of this.#storage.state(JOB_STATE_PREFIX)) {
      const job = decodeURIComponent(key.slice(JOB_STATE_PREFIX.length));
      this.#jobs.set(job, JSON.parse(Buffer.from(value).toString()) as Job);
    }
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await this.#writing;
  }

  /** Does `work` for a run when earlier work for it is done. */
  async inTurn<T>(push: RunPush, work: () => Promise<T>): Promise<T> {
    const key = runKey(push);
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    const end = turn.then(ignore, ignore);
    this.#turns.set(key, end);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === end) this.#turns.delete(key);
    }
  }

  /** Whether this push is stored already. */
  has(push: RunPush): boolean {
    return this.#runs.get(runKey(push))?.seqs.has(push.seq) === true;
  }

  /** Puts into `appender` what the push changes; call `settle` when that is committed. */
  put(push: RunPush, appender: Appender): void {
    const nowMs = this.#clock.now();
    const seqs = this.#runs.get(runKey(push))?.seqs.clone() ?? new IntervalSet();
    seqs.add(push.seq);
    appender.putState(runKey(push), encodeRun({ seqs, lastMs: nowMs }));
    const job = this.#jobAfter(push, nowMs);
    if (job !== this.#jobs.get(push.job)) {
      const value = job === undefined ? undefined : Buffer.from(JSON.stringify(job));
      appender.putState(jobKey(push.job), value);
      if (job === undefined) addOverdue(appender, push.job, nowMs, undefined);
    }
    for (const key of this.#outdated(nowMs)) appender.putState(key, undefined);
  }

  settle(push: RunPush): void {
    const nowMs = this.#clock.now();
    const key = runKey(push);
    const run = this.#runs.get(key) ?? { seqs: new IntervalSet(), lastMs: nowMs };
    run.seqs.add(push.seq);
    run.lastMs = nowMs;
    this.#runs.delete(key);
    this.#runs.set(key, run);
    for (const old of this.#outdated(nowMs)) this.#runs.delete(old);
    const job = this.#jobAfter(push, nowMs);
    if (job === undefined) this.#jobs.delete(push.job);
    else this.#jobs.set(push.job, job);
    this.#schedule();
  }

  #jobAfter({ job, isFinal, scheduleMs }: RunPush, nowMs: number): Job | undefined {
    const known = this.#jobs.get(job);
    const intervalMs = scheduleMs ?? known?.scheduleMs ?? 0;
    if (intervalMs === 0) return undefined;
    if (!isFinal && known?.scheduleMs === intervalMs) return known;
    return { scheduleMs: intervalMs, lastMs: isFinal ? nowMs : (known?.lastMs ?? nowMs) };
  }

  #outdated(nowMs: number): string[] {
    const keys: string[] = [];
    let left = this.#runs.size;
    for (const [key, { lastMs }] of this.#runs) {
      if (left <= RUNS_MAX && nowMs - lastMs <= RUN_MS) break;
      keys.push(key);
      left--;
    }
    return keys;
  }

  #schedule(): void {
    if (this.#cancelTimer !== undefined || this.#jobs.size === 0) return;
    const nowMs = this.#clock.now();
    this.#cancelTimer = this.#clock.setTimer(SAMPLE_MS - (nowMs % SAMPLE_MS), () => {
      this.#cancelTimer = undefined;
      this.#writing = this.#sample();
      this.#schedule();
    });
  }

  async #sample(): Promise<void> {
    const nowMs = this.#clock.now();
    const appender = this.#storage.appender();
    for (const [job, { scheduleMs, lastMs }] of this.#jobs) {
      addOverdue(appender, job, nowMs, nowMs - lastMs > GRACE * scheduleMs ? 1 : 0);
    }
    try {
      await appender.commit();
    } catch (error) {
      this.#logger.error({ err: messageOf(error) }, 'dead-man series were not stored');
    }
  }
}

function addOverdue(
  appender: Appender,
  job: string,
  nowMs: number,
  value: 0 | 1 | undefined,
): void {
  const labels = Labels.fromPairs([METRIC_NAME, 'tidegauge_job_overdue', 'job', job]);
  const ref = appender.series(labels);
  if (ref === NO_SERIES) return;
  if (value === undefined) appender.samples.pushStale(ref, nowMs);
  else appender.samples.push(ref, nowMs, value);
}

function runKey({ job, runId }: RunPush): string {
  return `${RUN_STATE_PREFIX}${encodeURIComponent(job)}/${encodeURIComponent(runId)}`;
}

function jobKey(job: string): string {
  return `${JOB_STATE_PREFIX}${encodeURIComponent(job)}`;
}

function encodeRun({ seqs, lastMs }: Run): Uint8Array {
  const writer = new ByteWriter(64);
  writer.uint(lastMs);
  seqs.encode(writer);
  return writer.written().slice();
}

function decodeRun(value: Uint8Array): Run {
  const reader = new ByteReader(value);
  const lastMs = reader.uint();
  return { lastMs, seqs: IntervalSet.decode(() => reader.uint()) };
}

function ignore(): void {
  // Whoever asked for the work has its result.
}
