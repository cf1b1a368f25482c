import { recordOf } from '../util/index.ts';
import { KernelMemoryError } from './errors.ts';
import * as layout from './layout.ts';
import type { MemoryViews } from './memory-views.ts';
import type { KernelExports } from './module.ts';
import type { SeriesRun } from './series-run.ts';
import { SharedSeriesRun } from './shared-series-run.ts';
import type { MemoryKind, Slab, SlabReader } from './slab.ts';
import { MEMORY_KINDS } from './slab.ts';
import type { SharedMemory } from './web-assembly.ts';

const ROOT_SLOTS = 32;
const WASM_PAGE_BYTES = 65_536;
const KIND_NUMBERS = recordOf(MEMORY_KINDS, (_, index) => index);

/** The slab as other structures read it, on any thread. */
export class SharedSlabReader implements SlabReader {
  u8: Uint8Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;
  readonly #memory: SharedMemory;
  #buffer: SharedArrayBuffer;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
    this.#buffer = memory.buffer;
    this.u8 = new Uint8Array(this.#buffer);
    this.u32 = new Uint32Array(this.#buffer);
    this.i32 = new Int32Array(this.#buffer);
    this.f64 = new Float64Array(this.#buffer);
  }

  refresh(minBytes = 0): void {
    let { buffer } = this.#memory;
    if (buffer.byteLength < minBytes) {
      // Another thread has made it longer, which this one may not have heard of yet.
      this.#memory.grow(0);
      ({ buffer } = this.#memory);
    }
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  rootAddress(slot: number): number {
    if (!(slot >= 0 && slot < ROOT_SLOTS)) {
      throw new RangeError(`root slot ${slot}, wanted 0 to ${ROOT_SLOTS - 1}`);
    }
    return layout.H_ROOTS + 4 * slot;
  }
}

/** The same on the writing thread. */
export class SharedSlab extends SharedSlabReader implements Slab {
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #maxBytes: number;

  constructor(exports: KernelExports, views: MemoryViews, maxBytes: number) {
    super(views.memory);
    this.#exports = exports;
    this.#views = views;
    this.#maxBytes = maxBytes;
  }

  allocate(bytes: number, kind: MemoryKind): number {
    // More than that, and the length of a block no longer fits what it is counted in.
    const isPossible = bytes >= 0 && bytes < this.#maxBytes;
    const address = isPossible ? this.#exports.allocate(bytes, KIND_NUMBERS[kind]) >>> 0 : 0;
    if (address === 0) throw new KernelMemoryError(`${bytes} bytes of ${kind}`, this.#maxBytes);
    this.refresh(address + bytes);
    return address;
  }

  enterSeries(root: number, pairs: number, count: number, ref: number): number {
    const answer = this.#exports.enterSeries(root, pairs, count, ref) >>> 0;
    const memoryBytes = WASM_PAGE_BYTES * (this.u32[pairs / 4 - 1] ?? 0);
    if (memoryBytes !== this.u8.length) this.refresh();
    return answer;
  }

  openSeriesRun(root: number): SeriesRun {
    return new SharedSeriesRun(this.#exports, this.#views, root, this.#maxBytes);
  }

  retire(address: number, kind: MemoryKind): void {
    this.#exports.retire(address, KIND_NUMBERS[kind]);
  }

  release(address: number, kind: MemoryKind): void {
    this.#exports.release(address, KIND_NUMBERS[kind]);
  }
}
