/** Of one page; a page is freed when all of it is. */
const PAGE_BITS = 10;
const PAGE_SIZE = 2 ** PAGE_BITS;
const PAGE_MASK = PAGE_SIZE - 1;

interface Page {
  readonly values: Int32Array;
  used: number;
}

/**
 * Numbers by an index that only counts up, most of which are removed again: an array whose memory
 * goes with what is in it, and not with the highest index. Reading costs two steps.
 */
export class PagedNumbers {
  readonly #absent: number;
  readonly #pages: (Page | undefined)[] = [];
  #size = 0;

  /** @param absent what is read where nothing was set. */
  constructor(absent: number) {
    this.#absent = absent;
  }

  /** How many are set. */
  get size(): number {
    return this.#size;
  }

  /** Numbers that there is memory for. */
  get capacity(): number {
    let pages = 0;
    for (const page of this.#pages) if (page !== undefined) pages++;
    return pages * PAGE_SIZE;
  }

  get(index: number): number {
    const page = this.#pages[index >>> PAGE_BITS];
    return page === undefined ? this.#absent : page.values[index & PAGE_MASK]!;
  }

  /** A value other than the absent one. */
  set(index: number, value: number): void {
    const at = index >>> PAGE_BITS;
    while (this.#pages.length <= at) this.#pages.push(undefined);
    const page = (this.#pages[at] ??= {
      values: new Int32Array(PAGE_SIZE).fill(this.#absent),
      used: 0,
    });
    if (page.values[index & PAGE_MASK] === this.#absent) {
      page.used++;
      this.#size++;
    }
    page.values[index & PAGE_MASK] = value;
  }

  remove(index: number): void {
    const at = index >>> PAGE_BITS;
    const page = this.#pages[at];
    if (page === undefined || page.values[index & PAGE_MASK] === this.#absent) return;
    page.values[index & PAGE_MASK] = this.#absent;
    this.#size--;
    if (--page.used === 0) this.#pages[at] = undefined;
  }
}
