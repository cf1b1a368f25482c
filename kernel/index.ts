// The kernel's door: what src/kernel calls. Addresses, lengths and refs are u32. Nothing here
// trusts bytes that came from outside; it does trust addresses, which only src/kernel makes.

import {
  H_ENTRY_TOP,
  H_EPOCH,
  H_FIRST_PAGE,
  H_FOREIGN,
  H_KEY,
  H_MASK,
  H_PAGE_LIMIT,
  H_PAGE_MAP,
  H_PAGE_TOP,
  H_VERSION,
  KEY_SEGMENT_BYTES,
  LAYOUT_VERSION,
  PAGE_BITS,
  PAGE_BYTES,
  S_NEWEST,
  S_SAMPLES,
  WASM_PAGE_BYTES,
} from './layout.ts';
import { append } from './append.ts';
import { appendRuns, orderByRef } from './append-runs.ts';
import {
  closeBody,
  decompressBody,
  openBody,
  reserveInput,
  reserveSamples,
  seal,
  useInput,
} from './bodies.ts';
import { capture, countSamples, seriesFlags } from './captures.ts';
import { beginCopies, closeCopies, copyChunks, openCopies } from './chunk-copies.ts';
import { packColumns, unpackColumns } from './chunks.ts';
import { beginCommit, endCommit, setHistogramFlag, touchSeries } from './commits.ts';
import { beginRead, endRead, hasReadersBefore, reclaim, retire } from './epochs.ts';
import { findSample, foundBits, oldestTime as oldestTimeOf } from './finds.ts';
import { forgetRefs, reserveRefs } from './foreign.ts';
import { setUpIdentities, sweepIdentities } from './identities.ts';
import { enterSeries } from './label-index.ts';
import { insertLate } from './late.ts';
import { decodeLogSamples, openLogSamples, restartLogSamples } from './log-samples.ts';
import { closeOwner, findMissing, openOwner, resolve, settle } from './lookups.ts';
import { closeReader, openReader } from './readers.ts';
import { readMany, readNewest, readSeries } from './reads.ts';
import { dropBefore, removeRange, truncateSeries, wasCutShort } from './removal.ts';
import { walkRemoteWrite } from './remote-write.ts';
import { restoredTimes, restoredValues, restoreSamples } from './restore.ts';
import { scanText } from './text-scan.ts';
import {
  closeSeriesRun,
  enterSeriesRun,
  openSeriesRun,
  readSeriesRun,
  reserveRunInput,
} from './series-run.ts';
import { createSeries as makeSeries, ownSeriesAddress, removeSeries } from './series.ts';
import { setUpPowers } from './nearest-double.ts';
import { setUpScratch } from './scratch.ts';
import { allocate, headroomBytes, PAGE_RECORD_BITS, release } from './slab.ts';
import {
  adoptChunks,
  closeStored,
  openStored,
  readStoredTimes,
  reserveStored,
  unpackedSamples,
  unpackStored,
} from './stored-chunks.ts';
import { packTail as packTailOf } from './tails.ts';
import { setUpTimes } from './times.ts';

export {
  packColumns,
  unpackColumns,
  scanText,
  append,
  appendRuns,
  orderByRef,
  closeBody,
  decompressBody,
  openBody,
  reserveInput,
  reserveSamples,
  seal,
  useInput,
  beginRead,
  endRead,
  reclaim,
  sweepIdentities,
  closeOwner,
  findMissing,
  openOwner,
  resolve,
  settle,
  closeReader,
  openReader,
  walkRemoteWrite,
  removeSeries,
  forgetRefs,
  reserveRefs,
  enterSeries,
  openSeriesRun,
  closeSeriesRun,
  reserveRunInput,
  readSeriesRun,
  enterSeriesRun,
  openLogSamples,
  restartLogSamples,
  decodeLogSamples,
  allocate,
  release,
  retire,
  headroomBytes,
  hasReadersBefore,
  beginCommit,
  endCommit,
  setHistogramFlag,
  touchSeries,
  insertLate,
  restoredTimes,
  restoredValues,
  restoreSamples,
  openCopies,
  closeCopies,
  beginCopies,
  copyChunks,
  openStored,
  closeStored,
  reserveStored,
  readStoredTimes,
  adoptChunks,
  unpackStored,
  unpackedSamples,
  dropBefore,
  removeRange,
  wasCutShort,
  readSeries,
  readMany,
  readNewest,
  capture,
  countSamples,
  seriesFlags,
};

const SLAB_START: usize = 65536;

/**
 * Lays the slab out in fresh memory of at most `wasmPages` pages; `keyAddress` is not needed, as
 * the key is written before. `isForeign`: refs are series of another kernel. False when that is too
 * little.
 */
export function setUp(wasmPages: u32, isForeign: bool): bool {
  const pages = <u32>((<u64>wasmPages * WASM_PAGE_BYTES) >> PAGE_BITS);
  const mapBytes = (<usize>pages) << PAGE_RECORD_BITS;
  const first = <u32>((SLAB_START + mapBytes + PAGE_BYTES - 1) >> PAGE_BITS);
  if (pages < first + 64) return false;
  const missing = (<i32>first * <i32>PAGE_BYTES) / <i32>WASM_PAGE_BYTES + 2 - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) return false;
  store<u32>(H_VERSION, LAYOUT_VERSION);
  store<u32>(H_PAGE_MAP, <u32>SLAB_START);
  store<u32>(H_FIRST_PAGE, first);
  store<u32>(H_PAGE_TOP, first);
  // The last page is never given out: wide loads may reach into it.
  store<u32>(H_PAGE_LIMIT, pages - 1);
  store<u32>(H_EPOCH, 1);
  store<u32>(H_ENTRY_TOP, 0);
  store<u32>(H_FOREIGN, isForeign ? 1 : 0);
  memory.fill(H_MASK, 0xff, 16);
  memory.fill(H_MASK + 16, 0, 32);
  return setUpScratch() && setUpPowers() && setUpTimes() && setUpIdentities();
}

/** Where the key of the fingerprints is to be written, and its length: before `setUp`. */
export function keyAddress(): usize {
  return H_KEY;
}

export function keyBytes(): u32 {
  return KEY_SEGMENT_BYTES + 16 + 32;
}

/** 0: made; 1: it is there already; 2: the slab is full. */
export function createSeries(ref: u32): u32 {
  if (ownSeriesAddress(ref) !== 0) return 1;
  return makeSeries(ref) ? 0 : 2;
}

export function hasSeries(ref: u32): bool {
  return ownSeriesAddress(ref) !== 0;
}

/** NaN where there is none. */
export function newestTime(ref: u32): f64 {
  const series = ownSeriesAddress(ref);
  if (series === 0) return NaN;
  const time = load<i64>(series, S_NEWEST);
  return time === i64.MIN_VALUE ? NaN : <f64>time;
}

export function oldestTime(ref: u32): f64 {
  const series = ownSeriesAddress(ref);
  if (series === 0) return NaN;
  const time = oldestTimeOf(series);
  return time === i64.MIN_VALUE ? NaN : <f64>time;
}

/** Whether there is a sample at that time; `foundLow` and `foundHigh` are then its bits. */
export function find(ref: u32, time: f64): bool {
  const series = ownSeriesAddress(ref);
  return series !== 0 && time === trunc(time) && findSample(series, <i64>time);
}

export function foundLow(): u32 {
  return <u32>foundBits;
}

export function foundHigh(): u32 {
  return <u32>(foundBits >> 32);
}

/** See `Kernel.truncate`. */
export function truncate(fromRef: u32, toRef: u32, time: f64): u32 {
  let dropped: u32 = 0;
  for (let ref = fromRef; ref < toRef; ref++) {
    const series = ownSeriesAddress(ref);
    if (series !== 0) dropped += truncateSeries(series, <i64>time);
  }
  return dropped;
}

/** See `Kernel.sampleCountOf`. */
export function sampleCount(ref: u32): u32 {
  const series = ownSeriesAddress(ref);
  return series === 0 ? 0 : load<u32>(series, S_SAMPLES);
}

/** False when the slab is full. */
export function packTail(ref: u32): bool {
  const series = ownSeriesAddress(ref);
  return series === 0 || packTailOf(series);
}
