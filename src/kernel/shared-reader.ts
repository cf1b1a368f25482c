import type { KernelHandle } from './kernel.ts';
import type { KernelReader, ReadSelection, ReadTarget } from './kernel-reader.ts';
import { ANY_COMMIT } from './kernel-reader.ts';
import * as layout from './layout.ts';
import { MemoryViews } from './memory-views.ts';
import { instantiate, type KernelExports } from './module.ts';
import { SharedSlabReader } from './shared-slab.ts';
import type { SlabReader } from './slab.ts';

/** What the kernel's times fit: beyond it no sample can be. */
const TIME_MAX = Number.MAX_SAFE_INTEGER;
const WORD_MAX = 0xffff_ffff;
const AREA_WORDS = 16;

/** Reads the kernel that made `handle`; one reader for each handle. */
export function connectKernelReader(handle: KernelHandle): KernelReader {
  return new SharedReader(handle);
}

class SharedReader implements KernelReader {
  readonly #exports: KernelExports;
  readonly #address: number;
  readonly #slot: number;
  readonly #slab: SharedSlabReader;
  // The reading area never moves, and views of a memory that has grown still work: taken once.
  readonly #header: Uint32Array;
  readonly #commit: Uint32Array;
  readonly #sampleCount: Uint32Array;
  readonly #resume: Float64Array;
  readonly #times: Float64Array;
  readonly #words: Uint32Array;
  readonly #refs: Uint32Array;
  readonly #caps: Float64Array;
  readonly #ends: Uint32Array;

  constructor({ module, memory, readerAddress }: KernelHandle) {
    this.#exports = instantiate(module, memory);
    this.#slab = new SharedSlabReader(memory);
    this.#address = readerAddress;
    // This thread may not have heard yet that the memory reaches there.
    this.#slab.refresh(readerAddress + layout.READER_SAMPLES * 32);
    const views = new MemoryViews(memory);
    this.#header = views.wordsAt(readerAddress, AREA_WORDS);
    this.#commit = views.wordsAt(layout.H_COMMIT, 1);
    this.#sampleCount = views.wordsAt(layout.H_SAMPLE_COUNT, 2);
    this.#resume = views.doublesAt(readerAddress + layout.V_RESUME, 1);
    this.#slot = this.#field(layout.V_SLOT);
    this.#times = views.doublesAt(this.#field(layout.V_TIMES), layout.READER_SAMPLES);
    this.#words = views.wordsAt(this.#field(layout.V_VALUES), 2 * layout.READER_SAMPLES);
    this.#refs = views.wordsAt(this.#field(layout.V_REFS), layout.READER_BATCH);
    this.#caps = views.doublesAt(this.#field(layout.V_CAPS), layout.READER_BATCH);
    this.#ends = views.wordsAt(this.#field(layout.V_ENDS), layout.READER_BATCH);
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
    for (let isFirst = true; ; isFirst = false) {
      const count = this.#exports.readSeries(this.#address, ref, from, to);
      if (count === 0) return;
      const hasMore = this.#field(layout.V_MORE) !== 0;
      if (isFirst && !hasMore && into.lend !== undefined) {
        into.lend(this.#times, this.#words, count);
      } else into.append(this.#times, this.#words, 0, count);
      if (!hasMore) return;
      from = (this.#times[count - 1] ?? TIME_MAX) + 1;
    }
  }

  readNewest(ref: number, minTime: number, maxTime: number, into: ReadTarget): boolean {
    const from = Math.ceil(Math.max(minTime, -TIME_MAX));
    const to = Math.floor(Math.min(maxTime, TIME_MAX));
    if (this.#exports.readNewest(this.#address, ref, from, to) === 0) return false;
    if (into.lend === undefined) into.append(this.#times, this.#words, 0, 1);
    else into.lend(this.#times, this.#words, 1);
    return true;
  }

  readMany(
    { refs, caps }: ReadSelection,
    from: number,
    to: number,
    minTime: number,
    into: ReadTarget,
    offsets: Uint32Array,
    maxSamples = Infinity,
  ): number {
    const start = Math.ceil(Math.max(minTime, -TIME_MAX));
    let total = 0;
    let next = from;
    offsets[from] = 0;
    while (next < to && total < maxSamples) {
      const count = Math.min(to - next, layout.READER_BATCH);
      this.#refs.set(refs.subarray(next, next + count));
      this.#caps.set(caps.subarray(next, next + count));
      let done = 0;
      let resume = start;
      // A series that was begun is read to its end: who calls again would get it twice.
      while (done < count && (total < maxSamples || resume !== start)) {
        const limit = Math.max(1, Math.min(maxSamples - total, WORD_MAX));
        const samples = this.#exports.readMany(this.#address, done, count, start, resume, limit);
        if (samples !== 0) into.append(this.#times, this.#words, 0, samples);
        const after = this.#field(layout.V_NEXT);
        for (; done < after; done++) offsets[next + done + 1] = total + (this.#ends[done] ?? 0);
        resume = this.#resume[0] ?? start;
        total += samples;
      }
      next += done;
    }
    return next;
  }

  commit(): number {
    return (this.commitWord() & ~1) >>> 0;
  }

  commitWord(): number {
    return Atomics.load(this.#commit, 0);
  }

  capture(
    refs: Uint32Array,
    count: number,
    commit: number,
    minTime: number,
    caps: Float64Array,
  ): boolean {
    for (let from = 0; from < count; from += layout.READER_BATCH) {
      const size = Math.min(count - from, layout.READER_BATCH);
      this.#refs.set(refs.subarray(from, from + size));
      if (this.#exports.capture(this.#address, size, commit, minTime) === 0) return false;
      caps.set(this.#caps.subarray(0, size), from);
    }
    return true;
  }

  newest(ref: number, minTime: number): number {
    this.#refs[0] = ref;
    this.#exports.capture(this.#address, 1, ANY_COMMIT, minTime);
    return this.#caps[0] ?? Number.NaN;
  }

  flags(ref: number): number {
    return this.#exports.seriesFlags(ref);
  }

  count(ref: number, minTime: number, maxTime: number): number {
    return this.#exports.countSamples(this.#address, ref, minTime, maxTime) >>> 0;
  }

  sampleTotal(): number {
    // The halves may be of two moments, once in 2^32 samples.
    return Atomics.load(this.#sampleCount, 0) + 2 ** 32 * Atomics.load(this.#sampleCount, 1);
  }

  slab(): SlabReader {
    return this.#slab;
  }

  close(): void {
    this.end();
  }

  #field(offset: number): number {
    return this.#header[offset >>> 2] ?? 0;
  }
}
