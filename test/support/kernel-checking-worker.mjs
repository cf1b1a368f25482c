// Reads a kernel as queries do, over and over, from the compiled module alone, and looks whether
// what it sees can be. The writer (test/property/kernel-threads.test.ts) keeps to this:
//
//   series 1 to 8    samples at multiples of 10, value = 3 * time + 1, all eight in each commit;
//                    late ones at multiples of 10 plus 5, which also go again; old ones dropped
//   series 9 to 12   the same values at any times, put anywhere, removed and dropped in ranges
//   series 13        made, filled with one sample at 7, removed, made again

import { parentPort, workerData } from 'node:worker_threads';

const { module, memory, readerAddress } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
let stopped = false;
parentPort?.once('message', () => {
  stopped = true;
});

const H_COMMIT = 896;
const H_ROOTS = 1280;
const SAMPLES = 4096;
const BATCH = 1024;
/** @param {number} offset */
const field = (offset) => new Uint32Array(memory.buffer, readerAddress + offset, 1)[0] ?? 0;
const SLOT = field(0);
const times = new Float64Array(memory.buffer, field(8), SAMPLES);
const values = new Float64Array(memory.buffer, field(12), SAMPLES);
const refs = new Uint32Array(memory.buffer, field(36), BATCH);
const caps = new Float64Array(memory.buffer, field(40), BATCH);
const ends = new Uint32Array(memory.buffer, field(44), BATCH);
const resumes = new Float64Array(memory.buffer, readerAddress + 56, 1);
const commits = new Uint32Array(memory.buffer, H_COMMIT, 1);
/** Samples before it may be gone: written before they go. */
const floors = new Uint32Array(memory.buffer, H_ROOTS + 4 * 16, 1);

const GRIDDED = 8;
const SERIES = 13;
const FIRST_TIME = 1010;
const counts = { reads: 0, captures: 0, samples: 0, late: 0, retries: 0, moved: 0 };
/** @type {string[]} */
const faults = [];

/** @param {string} what */
function fault(what) {
  if (faults.length < 10) faults.push(what);
}

/** All samples of series 1 to 13 up to their caps, by series. */
function readAll() {
  /** @type {number[][]} */
  const found = Array.from({ length: SERIES }, () => []);
  let resume = 0;
  for (let done = 0; done < SERIES; ) {
    const length = exports.readMany(readerAddress, done, SERIES, 0, resume, 4_000_000_000);
    const next = field(48);
    let from = 0;
    for (let index = done; index <= next && index < SERIES; index++) {
      const to = index < next ? (ends[index] ?? 0) : length;
      for (let at = from; at < to; at++) {
        const time = times[at] ?? NaN;
        if (values[at] !== 3 * time + 1) fault(`value ${values[at]} at ${time} of ${index + 1}`);
        found[index]?.push(time);
      }
      from = to;
    }
    done = next;
    resume = resumes[0] ?? 0;
  }
  return found;
}

/** @param {number[][]} found @param {Float64Array} captured */
function check(found, captured) {
  for (const [index, series] of found.entries()) {
    for (let at = 1; at < series.length; at++) {
      if (!((series[at] ?? NaN) > (series[at - 1] ?? NaN))) {
        fault(`series ${index + 1}: ${series[at]} after ${series[at - 1]}`);
      }
    }
    const newest = series.at(-1);
    const cap = captured[index] ?? NaN;
    if (newest !== undefined && !(newest <= cap)) fault(`series ${index + 1}: ${newest} > ${cap}`);
    counts.samples += series.length;
    if (index >= GRIDDED) continue;
    // A commit is there for all series or for none.
    if (captured[index] !== captured[0]) fault(`caps ${captured[0]}, ${captured[index]}`);
    const grid = series.filter((time) => time % 10 === 0);
    counts.late += series.length - grid.length;
    for (let at = 1; at < grid.length; at++) {
      if (grid[at] !== (grid[at - 1] ?? NaN) + 10) fault(`gap before ${grid[at]} of ${index + 1}`);
    }
    if (
      grid.length > 0 &&
      !((grid[0] ?? NaN) < Math.max(FIRST_TIME, Atomics.load(floors, 0)) + 10)
    ) {
      fault(`series ${index + 1} begins at ${grid[0]}, floor ${Atomics.load(floors, 0)}`);
    }
    if (grid.length > 0 && grid.at(-1) !== cap) fault(`${grid.at(-1)}, wanted up to ${cap}`);
  }
}

/** Captures alone: what belongs together changes within a few nanoseconds, so many of them. */
function captures() {
  for (let index = 0; index < GRIDDED; index++) refs[index] = index + 1;
  exports.beginRead(SLOT);
  for (let count = 0; count < 2000; count++) {
    const commit = (Atomics.load(commits, 0) & ~1) >>> 0;
    if (exports.capture(readerAddress, GRIDDED, commit, -1) === 0) continue;
    counts.captures++;
    for (let index = 1; index < GRIDDED; index++) {
      if (caps[index] !== caps[0] && !Number.isNaN(caps[0]))
        fault(`caps ${caps[0]}, ${caps[index]}`);
    }
  }
  exports.endRead(SLOT);
}

function round() {
  exports.beginRead(SLOT);
  for (let index = 0; index < SERIES; index++) refs[index] = index + 1;
  const commit = (Atomics.load(commits, 0) & ~1) >>> 0;
  if (exports.capture(readerAddress, SERIES, commit, -1) === 0) counts.retries++;
  else {
    const captured = caps.slice(0, SERIES);
    // Later reads with the same caps see the same commits, whatever came in between.
    for (let again = 0; again < 3; again++) check(readAll(), captured);
    if (Atomics.load(commits, 0) - commit > 2) counts.moved++;
    counts.reads++;
  }
  exports.endRead(SLOT);
}

function turn() {
  for (let index = 0; index < 50 && faults.length === 0; index++) round();
  captures();
  if (stopped || faults.length > 0) parentPort?.postMessage({ counts, faults });
  else setImmediate(turn);
}
turn();
