import { parentPort, workerData } from 'node:worker_threads';
import { createMatcher, SampleColumns } from '../../src/model/index.ts';
import type { SeriesSet } from '../../src/storage/api.ts';
import { connectReader } from '../../src/storage/reader/connect-reader.ts';

/**
 * A worker that selects over and over what another thread changes, and looks whether it can be.
 *
 * Series `pair` come in twos, `side` a and b, which get the same sample in each commit: at
 * multiples of 10, with the value three times the time. At multiples of 500 samples may be deleted;
 * at times that end with 5 they may be late. Series `churn` come and go; their only sample is at
 * the time of their number.
 */
const { store, committed, holds } = workerData as {
  store: unknown;
  committed: SharedArrayBuffer;
  /** Select once, tell so, and never close. */
  holds?: boolean;
};
/** Number of the last commit that is finished. */
const progress = new Int32Array(committed);
const reader = connectReader(store);
const faults: string[] = [];
let selections = 0;
let samples = 0;
let churned = 0;
const state = { isStopped: false };

const STEP = 10;
const DELETED_EVERY = 500;
const CHURN_COMMITS = 100;

/** Times of a series that every commit has, in order. */
function read(set: SeriesSet, index: number): number[] {
  const columns = new SampleColumns(16);
  set.samples(index, columns);
  samples += columns.length;
  const times: number[] = [];
  let before = -Infinity;
  for (let at = 0; at < columns.length; at++) {
    const time = columns.timestamps[at] ?? NaN;
    if (!(time > before)) faults.push(`${time} comes after ${before}`);
    if (columns.values[at] !== 3 * time) faults.push(`${columns.values[at]} at ${time}`);
    before = time;
    if (time % STEP === 0 && time % DELETED_EVERY !== 0) times.push(time);
  }
  return times;
}

/** All times from the first to the newest, which is at least that of the commit. */
function checkComplete(times: readonly number[], minTime: number, commit: number): void {
  let wanted = Math.max(STEP, minTime);
  for (const time of times) {
    if (wanted % DELETED_EVERY === 0) wanted += STEP;
    if (time !== wanted) faults.push(`${time} in the place of ${wanted}`);
    wanted = time + STEP;
  }
  if (wanted % DELETED_EVERY === 0) wanted += STEP;
  if (wanted <= commit * STEP) faults.push(`ends before ${wanted}, ${commit} commits were made`);
}

async function selectPairs(minTime: number, pause: boolean): Promise<void> {
  const commit = Atomics.load(progress, 0);
  const querier = reader.querier();
  try {
    const matchers = [createMatcher('=', '__name__', 'pair')];
    const set = await querier.select(matchers, { minTime, maxTime: 2 ** 40 });
    if (pause) await new Promise((resolve) => setTimeout(resolve, 5));
    if (set.length % 2 !== 0) faults.push(`${set.length} series`);
    // In order: side a of all, then side b of all.
    const half = set.length / 2;
    for (let index = 0; index < half; index++) {
      const a = read(set, index);
      const b = read(set, index + half);
      if (a.join() !== b.join()) {
        faults.push(`${set.labels(index).toString()}: ${a.at(-1)}, not ${b.at(-1)}`);
      }
      checkComplete(a, minTime, commit);
    }
    if (set.length === 0 && commit > 0) faults.push(`no series after ${commit} commits`);
  } finally {
    querier.close();
  }
}

async function selectChurn(): Promise<void> {
  const querier = reader.querier();
  try {
    const matchers = [createMatcher('=', '__name__', 'churn')];
    const range = { minTime: 0, maxTime: 2 ** 40 };
    const set = await querier.select(matchers, range);
    const columns = new SampleColumns(1);
    for (let index = 0; index < set.length; index++) {
      columns.reset();
      set.samples(index, columns);
      const number = Number(set.labels(index).get('number'));
      if (set.metricName?.(index) !== 'churn') faults.push(set.labels(index).toString());
      // It may have gone since; then it is empty.
      if (columns.length > 0 && columns.timestamps[0] !== number) faults.push(`no ${number}`);
    }
    churned += set.length;
    const before = Atomics.load(progress, 0);
    const values = await querier.labelValues('number', [], range);
    checkChurn(values, before, Atomics.load(progress, 0));
  } finally {
    querier.close();
  }
}

/** Every third commit brings a series, which goes 100 commits later. */
function checkChurn(values: readonly string[], before: number, after: number): void {
  if (values.join() !== [...new Set(values)].sort().join()) faults.push(`values ${values.join()}`);
  const found = new Set(values.map(Number));
  for (let commit = 3; commit <= before; commit += 3) {
    const isThere = found.has(commit * STEP);
    const isGone = commit + CHURN_COMMITS <= before;
    const mayBeGone = commit + CHURN_COMMITS <= after + 1;
    if (isGone ? isThere : !isThere && !mayBeGone) {
      faults.push(`value ${commit * STEP}: ${isThere} at commits ${before} to ${after}`);
    }
  }
}

async function run(): Promise<void> {
  try {
    for (let round = 0; !state.isStopped && faults.length < 10; round++) {
      const commit = Atomics.load(progress, 0);
      const minTime = round % 3 === 0 ? 0 : Math.max(0, (commit - 40 * (round % 5)) * STEP);
      await selectPairs(minTime, round % 4 === 0);
      await selectChurn();
      selections++;
      if (round % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    faults.push(String(error));
  }
  parentPort?.postMessage({ faults, selections, samples, churned });
  parentPort?.close();
}

async function hold(): Promise<void> {
  const set = await reader.querier().select([], { minTime: 0, maxTime: 2 ** 40 });
  parentPort?.postMessage({ selected: set.length });
}

parentPort?.once('message', () => {
  state.isStopped = true;
});
void (holds === true ? hold() : run());
