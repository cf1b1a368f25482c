/** Samples in the smallest slot, and the unit in which slots are addressed. */
const UNIT_SAMPLES = 8;
const UNIT_SHIFT = 4;
/** 2048 units are 16,384 samples or 256 KiB: large enough that pages are few, and one that
 * holds a few long-lived slots wastes little. */
const PAGE_UNITS = 2048;
const PAGE_SHIFT = 11;
const UNIT_MASK = PAGE_UNITS - 1;

/** Slots double from 8 to this many samples; a series longer than that is a list of chunks. */
export const CHUNK_SAMPLES_MAX = 128;

/** No chunk. */
export const NO_CHUNK = -1;

/**
 * 256 KiB of slots of one capacity. A slot of capacity c is c times, then c values:
 *
 *     doubles   | t0 t1 … t(c-1) | v0 v1 … v(c-1) |  next slot …
 *               ^ timesAt(id)    ^ timesAt(id) + c
 */
export class ChunkPage {
  readonly doubles = new Float64Array(PAGE_UNITS * UNIT_SAMPLES * 2);
  /** The bits of `doubles`, two words each. */
  readonly words = new Uint32Array(this.doubles.buffer);
  /** Samples in the slot that begins at each unit. */
  readonly counts = new Uint8Array(PAGE_UNITS);
  /** Samples that a slot of this page holds. */
  capacity = UNIT_SAMPLES;
  readonly freeUnits = new Uint16Array(PAGE_UNITS);
  freeCount = 0;
  /** Place among the pages of its capacity that have free slots, -1 when it has none. */
  partialIndex = -1;
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  /** Cuts the page into slots of `capacity` samples, all free. */
  format(capacity: number): void {
    this.capacity = capacity;
    this.freeCount = 0;
    const unitsPerSlot = capacity / UNIT_SAMPLES;
    for (let unit = PAGE_UNITS - unitsPerSlot; unit >= 0; unit -= unitsPerSlot) {
      this.freeUnits[this.freeCount++] = unit;
    }
  }

  get slotCount(): number {
    return (PAGE_UNITS * UNIT_SAMPLES) / this.capacity;
  }
}

/**
 * Memory for samples: pages cut into slots of 8, 16, … 128 samples, so that a hundred thousand
 * series are a few hundred arrays, not a few hundred thousand, and growing series give back what
 * they leave. A chunk id is page number times units per page plus the first unit of its slot.
 *
 * While a reader holds a pin, slots that are retired are not used again; whoever changes samples
 * in place must copy the chunk instead (`pinned`). Appending behind the count that a reader has
 * seen is always allowed.
 */
export class ChunkStore {
  #pages: ChunkPage[] = [];
  #partial = new Map<number, ChunkPage[]>();
  #emptyPages: ChunkPage[] = [];
  #chunkCount = 0;

  #generation = 0;
  /** Generations in which pins were taken, oldest first. */
  #pins = new Set<number>();
  #retiredIds: number[] = [];
  #retiredIn: number[] = [];

  /** Chunks in use. */
  get chunkCount(): number {
    return this.#chunkCount - this.#retiredIds.length;
  }

  /** Memory held for samples, used or not. */
  get sizeBytes(): number {
    return this.#pages.length * PAGE_UNITS * UNIT_SAMPLES * 16;
  }

  page(id: number): ChunkPage {
    return this.#pages[id >>> PAGE_SHIFT]!;
  }

  /** Samples in the chunk. */
  count(id: number): number {
    return this.#pages[id >>> PAGE_SHIFT]!.counts[id & UNIT_MASK]!;
  }

  setCount(id: number, count: number): void {
    this.#pages[id >>> PAGE_SHIFT]!.counts[id & UNIT_MASK] = count;
  }

  /** An empty chunk that holds at least `samples`. */
  allocate(samples: number): number {
    let capacity = UNIT_SAMPLES;
    while (capacity < samples) capacity *= 2;
    const page = this.#pageWithRoom(capacity);
    const unit = page.freeUnits[--page.freeCount]!;
    if (page.freeCount === 0) this.#leavePartial(page);
    page.counts[unit] = 0;
    this.#chunkCount++;
    return (page.number << PAGE_SHIFT) | unit;
  }

  /** Gives a chunk back, at once or when no reader can hold it any more. */
  retire(id: number): void {
    if (this.#pins.size === 0) {
      this.#free(id);
      return;
    }
    this.#retiredIds.push(id);
    this.#retiredIn.push(this.#generation);
  }

  /** Whether a reader may hold chunks as they are now. */
  get pinned(): boolean {
    return this.#pins.size > 0;
  }

  /** Keeps every chunk in use now as it is, up to its present count, until the result is called. */
  pin(): () => void {
    const generation = ++this.#generation;
    this.#pins.add(generation);
    return () => {
      if (this.#pins.delete(generation)) this.#release();
    };
  }

  #release(): void {
    const oldest = this.#pins.values().next().value ?? Infinity;
    let done = 0;
    while (done < this.#retiredIds.length && this.#retiredIn[done]! < oldest) {
      this.#free(this.#retiredIds[done]!);
      done++;
    }
    this.#retiredIds.splice(0, done);
    this.#retiredIn.splice(0, done);
  }

  #free(id: number): void {
    const page = this.page(id);
    page.freeUnits[page.freeCount++] = id & UNIT_MASK;
    this.#chunkCount--;
    if (page.partialIndex < 0) this.#joinPartial(page);
    // The last page with room for its capacity stays: it would be cut up again at once.
    if (page.freeCount === page.slotCount && this.#partial.get(page.capacity)!.length > 1) {
      this.#leavePartial(page);
      this.#emptyPages.push(page);
    }
  }

  #pageWithRoom(capacity: number): ChunkPage {
    const found = this.#partial.get(capacity)?.at(-1);
    if (found !== undefined) return found;
    let page = this.#emptyPages.pop();
    if (page === undefined) {
      page = new ChunkPage(this.#pages.length);
      this.#pages.push(page);
    }
    page.format(capacity);
    this.#joinPartial(page);
    return page;
  }

  #joinPartial(page: ChunkPage): void {
    let pages = this.#partial.get(page.capacity);
    if (pages === undefined) {
      pages = [];
      this.#partial.set(page.capacity, pages);
    }
    page.partialIndex = pages.length;
    pages.push(page);
  }

  #leavePartial(page: ChunkPage): void {
    const pages = this.#partial.get(page.capacity)!;
    const last = pages.pop()!;
    if (last !== page) {
      pages[page.partialIndex] = last;
      last.partialIndex = page.partialIndex;
    }
    page.partialIndex = -1;
  }
}

/** Index of the first time of a chunk in its page's `doubles`. */
export function timesAt(id: number): number {
  return (id & UNIT_MASK) << UNIT_SHIFT;
}
