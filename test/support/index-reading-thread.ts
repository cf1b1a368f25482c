import { parentPort, workerData } from 'node:worker_threads';
import type { KernelHandle } from '../../src/kernel/index.ts';
import { connectKernelReader } from '../../src/kernel/index.ts';
import type { Matcher } from '../../src/model/index.ts';
import { Labels } from '../../src/model/index.ts';
import { SeriesIndexReader } from '../../src/storage/index/series-index-reader.ts';
import { labelsOfRef, LASTING, SELECTIONS } from './numbered-series.ts';
import { slowAtomics } from './slow-atomics.ts';

/**
 * A worker that selects from the index of a kernel over and over, while another thread changes it,
 * and looks whether what it finds can be. `done` counts its selections; it says what it found when
 * it is told to stop.
 */
const { handle, done } = workerData as { handle: KernelHandle; done: Int32Array };
const kernel = connectKernelReader(handle);
const reader = new SeriesIndexReader(kernel.slab());

const wanted = SELECTIONS.map((matchers) => {
  let count = 0;
  for (let ref = 1; ref <= LASTING; ref++) if (satisfies(labelsOfRef(ref), matchers)) count++;
  return count;
});

const faults: string[] = [];
let turns = 0;
let selections = 0;
let series = 0;
let stopped = false;
parentPort?.once('message', () => {
  stopped = true;
});

/** Making them takes longer than selecting. */
const madeLabels = new Map<number, Labels>();

function labelsOf(ref: number): Labels {
  let labels = madeLabels.get(ref);
  if (labels === undefined) {
    if (madeLabels.size > 50_000) madeLabels.clear();
    labels = labelsOfRef(ref);
    madeLabels.set(ref, labels);
  }
  return labels;
}

function satisfies(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

function check(selection: number): void {
  const matchers = SELECTIONS[selection]!;
  kernel.begin();
  const refs = reader.select(matchers);
  const sets = reader.setsOf(refs);
  const { texts, offsets, textIds } = reader.collect(sets);
  kernel.end();
  let lasting = 0;
  for (const [at, ref] of refs.entries()) {
    if (at > 0 && ref <= refs[at - 1]!) faults.push(`ref ${ref} after ${refs[at - 1]}`);
    if (ref <= LASTING) lasting++;
    const labels = labelsOf(ref);
    if (!satisfies(labels, matchers))
      faults.push(`selection ${selection} has ${labels.toString()}`);
    if (sets[at] === 0) continue;
    const pairs = Array.from(textIds.subarray(offsets[at], offsets[at + 1]), (id) => texts[id]!);
    const found = Labels.fromPairs(pairs);
    if (!found.equals(labels)) faults.push(`series ${ref} is ${found.toString()}`);
  }
  if (lasting !== wanted[selection]) {
    faults.push(`selection ${selection} has ${lasting} of ${wanted[selection]} lasting series`);
  }
  selections++;
  Atomics.store(done, 0, selections);
  series += refs.length;
}

/** Names and values, which say nothing about one moment, but must be texts. */
function checkValues(): void {
  kernel.begin();
  for (const name of reader.names()) {
    if (!/^[a-z]+$/.test(name)) faults.push(`a name ${name}`);
  }
  for (const value of reader.values('hundredth')) {
    if (!/^\d\d?$/.test(value.text)) faults.push(`a value ${value.text}`);
    for (const ref of value.refs()) {
      if (ref % 100 !== Number(value.text)) faults.push(`value ${value.text} of series ${ref}`);
    }
  }
  kernel.end();
}

function turn(): void {
  const atFullSpeed = turns++ % 2 === 0 ? slowAtomics(500, 0.1) : undefined;
  try {
    for (let selection = 0; selection < SELECTIONS.length; selection++) check(selection);
    checkValues();
  } catch (error) {
    faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  atFullSpeed?.();
  if (stopped || faults.length > 0) {
    parentPort?.postMessage({ selections, series, faults: faults.slice(0, 10) });
  } else {
    setImmediate(turn);
  }
}
turn();
