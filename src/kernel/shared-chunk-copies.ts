import type { ChunkCopies, StoredChunks } from './chunk-copies.ts';
import { KernelMemoryError } from './errors.ts';
import type { ReadTarget } from './kernel-reader.ts';
import * as layout from './layout.ts';
import type { MemoryViews } from './memory-views.ts';
import type { KernelExports } from './module.ts';

const TIME_MAX = Number.MAX_SAFE_INTEGER;

export class SharedChunkCopies implements ChunkCopies {
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #address: number;
  readonly #maxBytes: number;

  /** @throws KernelMemoryError */
  constructor(exports: KernelExports, views: MemoryViews, maxBytes: number) {
    this.#exports = exports;
    this.#views = views;
    this.#maxBytes = maxBytes;
    this.#address = exports.openCopies() >>> 0;
    if (this.#address === 0) throw new KernelMemoryError('copies of chunks', maxBytes);
  }

  begin(timesCount: number): void {
    this.#exports.beginCopies(this.#address, timesCount);
  }

  copy(ref: number, minTime: number, maxTime: number): void {
    const from = Math.ceil(Math.max(minTime, -TIME_MAX));
    const to = Math.floor(Math.min(maxTime, TIME_MAX));
    if (this.#exports.copyChunks(this.#address, ref, from, to) !== layout.STATUS_OK) {
      throw new KernelMemoryError('a copy of chunks', this.#maxBytes);
    }
  }

  chunks(): Uint8Array {
    const length = this.#field(layout.K_CHUNKS_LENGTH);
    return this.#views.bytesAt(this.#field(layout.K_CHUNKS), length);
  }

  get chunkCount(): number {
    return this.#field(layout.K_CHUNK_COUNT);
  }

  get newest(): number {
    return this.#views.doublesAt(this.#address + layout.K_NEWEST, 1)[0] ?? -Infinity;
  }

  times(): Uint8Array {
    return this.#views.bytesAt(this.#field(layout.K_TIMES), this.timesSizeBytes);
  }

  get timesSizeBytes(): number {
    return this.#field(layout.K_TIMES_LENGTH);
  }

  get timesCount(): number {
    return this.#field(layout.K_TIMES_COUNT);
  }

  release(): void {
    this.#exports.closeCopies(this.#address);
  }

  #field(offset: number): number {
    return this.#views.word(this.#address + offset);
  }
}

export class SharedStoredChunks implements StoredChunks {
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #address: number;
  readonly #maxBytes: number;

  /** @throws KernelMemoryError */
  constructor(exports: KernelExports, views: MemoryViews, maxBytes: number) {
    this.#exports = exports;
    this.#views = views;
    this.#maxBytes = maxBytes;
    this.#address = exports.openStored() >>> 0;
    if (this.#address === 0) throw this.#memoryError('chunks that are read');
  }

  load(record: Uint8Array, from: number, to: number, timesCount: number): boolean {
    const { length } = record;
    const address = this.#exports.reserveStored(this.#address, length) >>> 0;
    if (address === 0) throw this.#memoryError(`a record of ${length} bytes`);
    this.#views.bytesAt(address, length).set(record);
    // Times of the record before that nothing has taken.
    this.#exports.reclaim();
    return this.#isOk(this.#exports.readStoredTimes(this.#address, from, to, timesCount));
  }

  adopt(ref: number, from: number, to: number, chunkCount: number): boolean {
    return this.#isOk(this.#exports.adoptChunks(this.#address, ref, from, to, chunkCount));
  }

  unpack(from: number, to: number, into: ReadTarget): number {
    const end = this.#exports.unpackStored(this.#address, from, to) >>> 0;
    if (end === 0) return 0;
    const count = this.#exports.unpackedSamples();
    const times = this.#views.doublesAt(this.#exports.restoredTimes() >>> 0, count);
    const words = this.#views.wordsAt(this.#exports.restoredValues() >>> 0, 2 * count);
    into.append(times, words, 0, count);
    return end;
  }

  release(): void {
    this.#exports.closeStored(this.#address);
  }

  #isOk(status: number): boolean {
    if (status === layout.STATUS_NO_MEMORY) throw this.#memoryError('stored chunks');
    return status === layout.STATUS_OK;
  }

  #memoryError(what: string): KernelMemoryError {
    return new KernelMemoryError(what, this.#maxBytes);
  }
}
