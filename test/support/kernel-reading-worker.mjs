// Reads the series of a kernel over and over, from the compiled module alone, and looks whether
// what it sees can be: values tell their times, times go by tens without a gap.

import { parentPort, workerData } from 'node:worker_threads';

const { module, memory, readerAddress } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
let stopped = false;
parentPort?.once('message', () => {
  stopped = true;
});

let reads = 0;
let samples = 0;
/** @type {string[]} */
const faults = [];
const SLOT = 0;
const TIMES = 8;
const VALUES = 12;

/** @param {number} offset */
const field = (offset) => new Uint32Array(memory.buffer, readerAddress + offset, 1)[0] ?? 0;

/** @param {number} count */
function check(count) {
  const times = new Float64Array(memory.buffer, field(TIMES), count);
  const values = new Float64Array(memory.buffer, field(VALUES), count);
  for (let index = 0; index < count; index++) {
    const time = times[index] ?? NaN;
    if (values[index] !== time * 3 + 1) faults.push(`value ${values[index]} at ${time}`);
    if (index > 0 && time !== (times[index - 1] ?? NaN) + 10) faults.push(`gap before ${time}`);
  }
}

function turn() {
  for (let round = 0; round < 200 && faults.length < 10; round++) {
    const ref = (round % 8) + 1;
    exports.beginRead(field(SLOT));
    const count = exports.readSeries(readerAddress, ref, round % 3 === 0 ? 0 : 1e4, 1e15);
    check(count);
    exports.endRead(field(SLOT));
    reads++;
    samples += count;
  }
  if (stopped || faults.length > 0) parentPort?.postMessage({ reads, samples, faults });
  else setImmediate(turn);
}
turn();
