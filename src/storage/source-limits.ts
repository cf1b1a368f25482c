import type { SeriesRef } from './api.ts';

const PAGE_SHIFT = 10;
const PAGE_REFS = 1 << PAGE_SHIFT;
/** What a page holds for a series whose source is not known. */
const NO_SOURCE = 0;
/** Sources beyond this many share no bound any more: two bytes name one. */
const SOURCES_MOST = 0xffff;

/**
 * How many series each source has, for a bound on them. A series belongs to the source that made
 * it or, after a restart, that asks for it first: nothing of this is stored.
 */
export class SourceLimits {
  readonly #most: number;
  readonly #ids = new Map<string, number>();
  /** By id. */
  readonly #counts: number[] = [0];
  /** By ref, in pages: the id of the source. */
  readonly #pages = new Map<number, Uint16Array>();

  /** `most` 0 sets no bound, and then nothing is counted. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether there is a bound at all. */
  get isOn(): boolean {
    return this.#most > 0;
  }

  /** Whether the source may have one more series besides `pendingCount` that are on their way. */
  allows(source: string, pendingCount: number): boolean {
    return !this.isOn || this.count(source) + pendingCount < this.#most;
  }

  /** Series of a source. */
  count(source: string): number {
    return this.#counts[this.#ids.get(source) ?? NO_SOURCE] ?? 0;
  }

  /** The source has made or asked for a series; it counts where no other source has it. */
  claim(ref: SeriesRef, source: string | undefined): void {
    if (!this.isOn || source === undefined) return;
    const id = this.#idOf(source);
    if (id === NO_SOURCE) return;
    const number = ref >>> PAGE_SHIFT;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint16Array(PAGE_REFS);
      this.#pages.set(number, page);
    }
    const at = ref & (PAGE_REFS - 1);
    if (page[at] !== NO_SOURCE) return;
    page[at] = id;
    this.#counts[id]!++;
  }

  /** Series that are gone count no more. */
  forget(refs: Iterable<SeriesRef>): void {
    if (this.#pages.size === 0) return;
    for (const ref of refs) {
      const page = this.#pages.get(ref >>> PAGE_SHIFT);
      const id = page?.[ref & (PAGE_REFS - 1)] ?? NO_SOURCE;
      if (page === undefined || id === NO_SOURCE) continue;
      page[ref & (PAGE_REFS - 1)] = NO_SOURCE;
      this.#counts[id]!--;
      if (page.every((each) => each === NO_SOURCE)) this.#pages.delete(ref >>> PAGE_SHIFT);
    }
  }

  #idOf(source: string): number {
    const known = this.#ids.get(source);
    if (known !== undefined) return known;
    if (this.#counts.length > SOURCES_MOST) return NO_SOURCE;
    const id = this.#counts.push(0) - 1;
    this.#ids.set(source, id);
    return id;
  }
}
