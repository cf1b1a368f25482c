import { recordOf } from '../util/index.ts';
import type { ChunkCopies, StoredChunks } from './chunk-copies.ts';
import { KernelMemoryError, KernelModuleError } from './errors.ts';
import type { Kernel, KernelHandle, KernelOptions, KernelStats } from './kernel.ts';
import type { KernelBody, OwnerId } from './kernel-body.ts';
import * as layout from './layout.ts';
import type { LogSamples } from './log-samples.ts';
import { MemoryViews } from './memory-views.ts';
import { instantiate, type KernelExports, loadKernelModule } from './module.ts';
import { powersOfFive } from './powers-of-five.ts';
import { SharedBody } from './shared-body.ts';
import { SharedChunkCopies, SharedStoredChunks } from './shared-chunk-copies.ts';
import { SharedLogSamples } from './shared-log-samples.ts';
import { SharedSlab } from './shared-slab.ts';
import type { Slab } from './slab.ts';
import { MEMORY_KINDS } from './slab.ts';
import type { CompiledModule, SharedMemory } from './web-assembly.ts';
import { webAssembly } from './web-assembly.ts';

const WASM_PAGE_BYTES = 65_536;
const WASM_PAGES_MAX = 65_536;

/** Bytes of `KernelOptions.key`. */
export const KERNEL_KEY_BYTES = 1072;

/** Answer of calls that count, when the slab is full. */
const NO_ROOM = 0xffff_ffff;

/** Answers of `createSeries`. */
const SERIES_MADE = 0;
const SERIES_EXISTS = 1;

/**
 * Makes a kernel with a memory of its own. The calling thread is the one that writes.
 * @throws KernelModuleError, KernelMemoryError where `maxBytes` is below some 2 MiB.
 */
export function createKernel(options: KernelOptions): Kernel {
  return new SharedKernel(loadKernelModule(), options);
}

class SharedKernel implements Kernel {
  readonly module: CompiledModule;
  readonly memory: SharedMemory;
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #maxBytes: number;
  readonly #slab: SharedSlab;
  readonly #isForeign: boolean;

  constructor(module: CompiledModule, { maxBytes, key, foreignSeries = false }: KernelOptions) {
    const maximum = Math.min(Math.floor(maxBytes / WASM_PAGE_BYTES), WASM_PAGES_MAX);
    if (maximum < 1) throw new KernelMemoryError('an empty slab', maxBytes);
    this.module = module;
    this.memory = new webAssembly.Memory({ initial: 1, maximum, shared: true });
    this.#exports = instantiate(module, this.memory);
    this.#views = new MemoryViews(this.memory);
    this.#maxBytes = maximum * WASM_PAGE_BYTES;
    if (key.length !== this.#exports.keyBytes()) {
      throw new RangeError(`a key of ${key.length} bytes, wanted ${this.#exports.keyBytes()}`);
    }
    this.#views.bytesAt(this.#exports.keyAddress(), key.length).set(key);
    this.#isForeign = foreignSeries;
    if (this.#exports.setUp(maximum, foreignSeries ? 1 : 0) === 0)
      throw this.#memoryError('an empty slab');
    const powers = new Uint32Array(powersOfFive().buffer);
    this.#views.wordsAt(this.#views.word(layout.H_POWERS), powers.length).set(powers);
    const version = this.#views.word(layout.H_VERSION);
    if (version !== layout.LAYOUT_VERSION) {
      throw new KernelModuleError(`its layout is ${version}, not ${layout.LAYOUT_VERSION}`);
    }
    this.#slab = new SharedSlab(this.#exports, this.#views, this.#maxBytes);
  }

  openBody(): KernelBody {
    const address = this.#exports.openBody() >>> 0;
    if (address === 0) throw this.#memoryError('a body');
    return new SharedBody(this.#exports, this.#views, address, this.#maxBytes);
  }

  openLogSamples(): LogSamples {
    return new SharedLogSamples(this.#exports, this.#views, this.#maxBytes);
  }

  openCopies(): ChunkCopies {
    return new SharedChunkCopies(this.#exports, this.#views, this.#maxBytes);
  }

  openStoredChunks(): StoredChunks {
    return new SharedStoredChunks(this.#exports, this.#views, this.#maxBytes);
  }

  openOwner(options: { readonly context: number; readonly tracked: boolean }): OwnerId {
    const owner = this.#exports.openOwner(options.context, options.tracked ? 1 : 0) >>> 0;
    if (owner === 0) throw this.#memoryError('an owner');
    return owner;
  }

  closeOwner(owner: OwnerId): void {
    this.#exports.closeOwner(owner);
  }

  takeMissing(owner: OwnerId): Uint32Array {
    const count = this.#exports.findMissing(owner);
    const missing = this.#views.wordsAt(this.#views.word(owner + layout.O_TAKEN), count).slice();
    this.#exports.settle(owner);
    return missing;
  }

  knownSeries(owner: OwnerId): Uint32Array {
    const count = this.#views.word(owner + layout.O_TAKEN_COUNT);
    return this.#views.wordsAt(this.#views.word(owner + layout.O_TAKEN), count).slice();
  }

  sweepIdentities(count: number, keepBodies: number): number {
    return this.#exports.sweepIdentities(count, keepBodies);
  }

  forgetRefs(refs: Uint32Array): number {
    const list = this.#exports.reserveRefs(refs.length) >>> 0;
    if (list === 0) throw this.#memoryError(`a list of ${refs.length} refs`);
    this.#views.wordsAt(list, refs.length).set(refs);
    const forgotten = this.#exports.forgetRefs(list, refs.length) >>> 0;
    if (forgotten === NO_ROOM) throw this.#memoryError(`a set of ${refs.length} refs`);
    return forgotten;
  }

  createSeries(ref: number): void {
    if (this.#isForeign) throw new RangeError(`series ${ref}, wanted none: they are elsewhere`);
    const answer = this.#exports.createSeries(ref);
    if (answer === SERIES_EXISTS) throw new RangeError(`series ${ref} is there already`);
    if (answer !== SERIES_MADE) throw this.#memoryError('one more series');
  }

  removeSeries(ref: number): void {
    this.#exports.removeSeries(ref);
  }

  hasSeries(ref: number): boolean {
    return this.#exports.hasSeries(ref) !== 0;
  }

  newestTime(ref: number): number {
    return this.#exports.newestTime(ref);
  }

  oldestTime(ref: number): number {
    return this.#exports.oldestTime(ref);
  }

  find(ref: number, timestamp: number, words: Uint32Array): boolean {
    if (this.#exports.find(ref, timestamp) === 0) return false;
    words[0] = this.#exports.foundLow();
    words[1] = this.#exports.foundHigh();
    return true;
  }

  truncate(fromRef: number, toRef: number, time: number): number {
    return this.#exports.truncate(fromRef, toRef, time) >>> 0;
  }

  packTail(ref: number): void {
    if (this.#exports.packTail(ref) === 0) throw this.#memoryError('a chunk');
  }

  headroomBytes(): number {
    return this.#exports.headroomBytes() >>> 0;
  }

  epoch(): number {
    return this.#views.word(layout.H_EPOCH);
  }

  readersBefore(epoch: number): boolean {
    return this.#exports.hasReadersBefore(epoch) !== 0;
  }

  slab(): Slab {
    return this.#slab;
  }

  beginCommit(): void {
    this.#exports.beginCommit();
  }

  endCommit(): void {
    this.#exports.endCommit();
  }

  insertLate(ref: number, timestamp: number, lowWord: number, highWord: number): number {
    const outcome = this.#exports.insertLate(ref, timestamp, lowWord, highWord);
    if (outcome === layout.NO_ROOM) throw this.#memoryError('a late sample');
    return outcome;
  }

  setHistogramFlag(ref: number, isSet: boolean): void {
    this.#exports.setHistogramFlag(ref, isSet ? 1 : 0);
  }

  flags(ref: number): number {
    return this.#exports.seriesFlags(ref);
  }

  touchSeries(ref: number, timestamp: number): void {
    this.#exports.touchSeries(ref, timestamp);
  }

  removeRange(ref: number, minTime: number, maxTime: number, newestOfHistograms = NaN): number {
    const from = Math.ceil(minTime);
    const removed = this.#exports.removeRange(ref, from, Math.floor(maxTime), newestOfHistograms);
    if (this.#exports.wasCutShort() !== 0) throw this.#memoryError('what is left of a chunk');
    return removed >>> 0;
  }

  dropBefore(ref: number, time: number): number {
    const dropped = this.#exports.dropBefore(ref, Math.ceil(time));
    if (this.#exports.wasCutShort() !== 0) throw this.#memoryError('what is left of a chunk');
    return dropped >>> 0;
  }

  restoreSamples(ref: number, timestamps: Float64Array, words: Uint32Array, length: number): void {
    for (let from = 0; from < length; from += layout.CHUNK_SAMPLES_MAX) {
      const count = Math.min(length - from, layout.CHUNK_SAMPLES_MAX);
      this.#views
        .doublesAt(this.#exports.restoredTimes() >>> 0, count)
        .set(timestamps.subarray(from, from + count));
      this.#views
        .wordsAt(this.#exports.restoredValues() >>> 0, 2 * count)
        .set(words.subarray(2 * from, 2 * (from + count)));
      const status = this.#exports.restoreSamples(ref, count);
      if (status === layout.STATUS_NO_MEMORY) throw this.#memoryError('a chunk');
      if (status !== layout.STATUS_OK) {
        const span = `${timestamps[from]} to ${timestamps[from + count - 1]}`;
        throw new RangeError(`times ${span}, wanted ascending ones of a known series ${ref}`);
      }
    }
  }

  sampleCountOf(ref: number): number {
    return this.#exports.sampleCount(ref) >>> 0;
  }

  openReader(): KernelHandle {
    const readerAddress = this.#exports.openReader() >>> 0;
    if (readerAddress === 0) throw this.#memoryError('one more reader (of at most 64)');
    return { module: this.module, memory: this.memory, readerAddress };
  }

  closeReader(readerAddress: number): void {
    this.#exports.closeReader(readerAddress);
  }

  reclaim(): void {
    this.#exports.reclaim();
  }

  stats(): KernelStats {
    const { words } = this.#views;
    const word = (address: number): number => words[address >> 2] ?? 0;
    const bytesByKind = recordOf(MEMORY_KINDS, (_, index) => word(layout.H_KIND_BYTES + 4 * index));
    return {
      memoryBytes: this.#views.buffer.byteLength,
      bytesByKind,
      seriesCount: word(layout.H_SERIES_COUNT),
      identityCount: word(layout.H_IDENTITY_COUNT),
      sampleCount: word(layout.H_SAMPLE_COUNT) + word(layout.H_SAMPLE_COUNT + 4) * 2 ** 32,
      chunkCount: word(layout.H_CHUNK_COUNT),
    };
  }

  #memoryError(what: string): KernelMemoryError {
    return new KernelMemoryError(what, this.#maxBytes);
  }
}
