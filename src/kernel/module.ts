import { readFileSync } from 'node:fs';
import { messageOf } from '../model/index.ts';
import { packageRoot } from '../util/index.ts';
import { KernelModuleError } from './errors.ts';
import type { CompiledModule, SharedMemory } from './web-assembly.ts';
import { webAssembly } from './web-assembly.ts';

/** What `kernel/index.ts` exports. Addresses and counts are unsigned, but come out signed. */
export interface KernelExports {
  setUp(wasmPages: number, isForeign: number): number;
  keyAddress(): number;
  keyBytes(): number;

  openBody(): number;
  closeBody(body: number): void;
  reserveInput(body: number, bytes: number): number;
  reserveSamples(body: number, wanted: number): number;
  useInput(body: number): void;
  decompressBody(body: number, limit: number): number;
  walkRemoteWrite(body: number, owner: number): number;
  scanText(body: number, owner: number, flags: number, defaultTimestamp: number): number;
  resolve(body: number, index: number, ref: number): number;
  seal(body: number): number;
  orderByRef(body: number, first: number, count: number): number;
  appendRuns(body: number, from: number, to: number, windowMs: number): number;
  append(body: number, minTime: number, maxTime: number, windowMs: number): number;

  packColumns(body: number, from: number, count: number): number;
  unpackColumns(body: number): number;

  openOwner(context: number, tracked: number): number;
  closeOwner(owner: number): void;
  findMissing(owner: number): number;
  settle(owner: number): void;
  sweepIdentities(count: number, keepBodies: number): number;
  reserveRefs(count: number): number;
  forgetRefs(list: number, count: number): number;

  createSeries(ref: number): number;
  removeSeries(ref: number): void;
  hasSeries(ref: number): number;
  newestTime(ref: number): number;
  oldestTime(ref: number): number;
  find(ref: number, time: number): number;
  foundLow(): number;
  foundHigh(): number;
  truncate(fromRef: number, toRef: number, time: number): number;
  packTail(ref: number): number;

  beginCommit(): void;
  endCommit(): void;
  insertLate(ref: number, timestamp: number, low: number, high: number): number;
  setHistogramFlag(ref: number, isSet: number): void;
  touchSeries(ref: number, timestamp: number): void;
  removeRange(ref: number, minTime: number, maxTime: number, histograms: number): number;
  dropBefore(ref: number, time: number): number;
  wasCutShort(): number;
  restoredTimes(): number;
  restoredValues(): number;
  restoreSamples(ref: number, count: number): number;
  openCopies(): number;
  closeCopies(copies: number): void;
  beginCopies(copies: number, count: number): void;
  copyChunks(copies: number, ref: number, minTime: number, maxTime: number): number;
  openStored(): number;
  closeStored(stored: number): void;
  reserveStored(stored: number, bytes: number): number;
  readStoredTimes(stored: number, from: number, to: number, count: number): number;
  adoptChunks(stored: number, ref: number, from: number, to: number, count: number): number;
  unpackStored(stored: number, from: number, to: number): number;
  unpackedSamples(): number;
  sampleCount(ref: number): number;

  openReader(): number;
  closeReader(reader: number): void;
  readSeries(reader: number, ref: number, minTime: number, maxTime: number): number;
  readNewest(reader: number, ref: number, minTime: number, maxTime: number): number;
  readMany(
    reader: number,
    from: number,
    count: number,
    minTime: number,
    resume: number,
    limit: number,
  ): number;
  capture(reader: number, count: number, commit: number, minTime: number): number;
  countSamples(reader: number, ref: number, minTime: number, maxTime: number): number;
  seriesFlags(ref: number): number;
  beginRead(slot: number): void;
  endRead(slot: number): void;
  reclaim(): void;
  hasReadersBefore(epoch: number): number;

  enterSeries(root: number, pairs: number, count: number, ref: number): number;
  openSeriesRun(): number;
  closeSeriesRun(run: number): void;
  reserveRunInput(run: number, bytes: number): number;
  readSeriesRun(run: number, root: number, length: number): number;
  enterSeriesRun(run: number, root: number, from: number): number;
  openLogSamples(): number;
  restartLogSamples(log: number): void;
  decodeLogSamples(log: number, body: number): number;
  allocate(bytes: number, kind: number): number;
  release(address: number, kind: number): void;
  retire(address: number, kind: number): void;
  headroomBytes(): number;
}

let loaded: CompiledModule | undefined;

/**
 * Compiles the kernel, once for the process (a few milliseconds).
 * @throws KernelModuleError
 */
export function loadKernelModule(): CompiledModule {
  if (loaded !== undefined) return loaded;
  try {
    // A module of this size is compiled at once sooner than a promise comes round.
    loaded = new webAssembly.Module(readFileSync(new URL('dist/kernel.wasm', packageRoot())));
    return loaded;
  } catch (error) {
    throw new KernelModuleError(messageOf(error), { cause: error });
  }
}

/** The kernel's functions over a memory. */
export function instantiate(module: CompiledModule, memory: SharedMemory): KernelExports {
  const { exports } = new webAssembly.Instance(module, { env: { memory } });
  return exports as KernelExports;
}
