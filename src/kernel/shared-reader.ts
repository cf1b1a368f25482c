import * as layout from './layout.ts';
import { MemoryViews } from './memory-views.ts';
import { instantiate, type KernelExports } from './module.ts';
import { SharedSlabReader } from './shared-slab.ts';
import type { KernelHandle, KernelReader, ReadTarget, SlabReader } from './types.ts';

/** What the kernel's times fit: beyond it no sample can be. */
const TIME_MAX = Number.MAX_SAFE_INTEGER;

/** Reads the kernel that made `handle`; one reader for each handle. */
export function connectKernelReader(handle: KernelHandle): KernelReader {
  return new SharedReader(handle);
}

class SharedReader implements KernelReader {
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #address: number;
  readonly #slot: number;
  readonly #slab: SharedSlabReader;

  constructor({ module, memory, readerAddress }: KernelHandle) {
    this.#exports = instantiate(module, memory);
    this.#views = new MemoryViews(memory);
    this.#address = readerAddress;
    this.#slab = new SharedSlabReader(memory);
    this.#slot = this.#views.word(readerAddress + layout.V_SLOT);
  }

  begin(): void {
    this.#exports.beginRead(this.#slot);
  }

  end(): void {
    this.#exports.endRead(this.#slot);
  }

  read(ref: number, minTime: number, maxTime: number, into: ReadTarget): void {
    let from = Math.ceil(Math.max(minTime, -TIME_MAX));
    const to = Math.floor(Math.min(maxTime, TIME_MAX));
    for (;;) {
      const count = this.#exports.readSeries(this.#address, ref, from, to);
      if (count === 0) return;
      const timestamps = this.#views.doublesAt(this.#field(layout.V_TIMES), count);
      const words = this.#views.wordsAt(this.#field(layout.V_VALUES), 2 * count);
      into.append(timestamps, words, 0, count);
      if (this.#field(layout.V_MORE) === 0) return;
      from = (timestamps[count - 1] ?? TIME_MAX) + 1;
    }
  }

  slab(): SlabReader {
    return this.#slab;
  }

  close(): void {
    this.end();
  }

  #field(offset: number): number {
    return this.#views.word(this.#address + offset);
  }
}
