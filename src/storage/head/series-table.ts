import { Labels } from '../../model/index.ts';
import { MemSeries } from './mem-series.ts';
import { Postings } from './postings.ts';
import { Symbols } from './symbols.ts';

const PAGE_SHIFT = 10;
const PAGE_REFS = 1 << PAGE_SHIFT;

interface Page {
  readonly series: (MemSeries | undefined)[];
  used: number;
}

/**
 * All series: by ref, by label set, and by label pair. Refs only grow, so the list of them is cut
 * into pages that go when all of their series have gone.
 */
export class SeriesTable {
  readonly symbols = new Symbols();
  readonly postings = new Postings();
  #pages: (Page | undefined)[] = [];
  #byHash = new Map<number, MemSeries>();
  #size = 0;

  /** Number of series, those without samples included. */
  get size(): number {
    return this.#size;
  }

  get(ref: number): MemSeries | undefined {
    return this.#pages[ref >>> PAGE_SHIFT]?.series[ref & (PAGE_REFS - 1)];
  }

  find(labels: Labels): MemSeries | undefined {
    const { pairs } = labels;
    let series = this.#byHash.get(hashPairs(pairs));
    while (series !== undefined && !this.#hasPairs(series, pairs)) series = series.nextSameHash;
    return series;
  }

  /**
   * Enters a series. Where the label set is known under another ref (which only a damaged log
   * brings about) the ref becomes a second name of that series.
   */
  add(ref: number, labels: Labels): MemSeries {
    const known = this.find(labels);
    if (known !== undefined) {
      if (known.ref === ref) return known;
      known.aliases ??= [];
      known.aliases.push(ref);
      this.#setRef(ref, known);
      return known;
    }
    const hash = hashPairs(labels.pairs);
    const symbolIds = labels.pairs.map((text) => this.symbols.acquire(text));
    const series = new MemSeries(ref, symbolIds, hash);
    series.nextSameHash = this.#byHash.get(hash);
    this.#byHash.set(hash, series);
    this.#setRef(ref, series);
    this.postings.add(ref, symbolIds);
    this.#size++;
    return series;
  }

  /** Forgets series; their refs are never found again. */
  remove(dropped: readonly MemSeries[]): void {
    const refs = new Set(dropped.map((series) => series.ref));
    this.postings.remove(
      refs,
      dropped.map((series) => series.symbolIds),
    );
    for (const series of dropped) {
      this.#clearRef(series.ref);
      for (const alias of series.aliases ?? []) this.#clearRef(alias);
      this.#unlinkHash(series);
      // A reader may still hold the series.
      series.droppedLabels = this.labels(series);
      for (const id of series.symbolIds) this.symbols.release(id);
    }
    this.#size -= dropped.length;
  }

  labels(series: MemSeries): Labels {
    if (series.droppedLabels !== undefined) return series.droppedLabels;
    return Labels.fromPairs(series.symbolIds.map((id) => this.symbols.text(id)));
  }

  /** The value of a label, '' where the series has no such label; `nameId` names the label. */
  valueOf(series: MemSeries, nameId: number): string {
    const ids = series.symbolIds;
    for (let index = 0; index < ids.length; index += 2) {
      if (ids[index] === nameId) return this.symbols.text(ids[index + 1]!);
    }
    return '';
  }

  /** Every series, by ascending ref. */
  *all(): IterableIterator<MemSeries> {
    for (const [pageIndex, page] of this.#pages.entries()) {
      if (page === undefined) continue;
      for (let index = 0; index < PAGE_REFS; index++) {
        const series = page.series[index];
        // An alias does not count as a series of its own.
        if (series !== undefined && series.ref === pageIndex * PAGE_REFS + index) yield series;
      }
    }
  }

  #hasPairs(series: MemSeries, pairs: readonly string[]): boolean {
    const ids = series.symbolIds;
    if (ids.length !== pairs.length) return false;
    for (let index = 0; index < ids.length; index++) {
      if (this.symbols.text(ids[index]!) !== pairs[index]) return false;
    }
    return true;
  }

  #setRef(ref: number, series: MemSeries): void {
    const pageIndex = ref >>> PAGE_SHIFT;
    while (this.#pages.length < pageIndex) this.#pages.push(undefined);
    let page = this.#pages[pageIndex];
    if (page === undefined) {
      page = { series: Array.from({ length: PAGE_REFS }, () => undefined), used: 0 };
      this.#pages[pageIndex] = page;
    }
    page.series[ref & (PAGE_REFS - 1)] = series;
    page.used++;
  }

  #clearRef(ref: number): void {
    const page = this.#pages[ref >>> PAGE_SHIFT];
    if (page === undefined || page.series[ref & (PAGE_REFS - 1)] === undefined) return;
    page.series[ref & (PAGE_REFS - 1)] = undefined;
    page.used--;
    if (page.used === 0) this.#pages[ref >>> PAGE_SHIFT] = undefined;
  }

  #unlinkHash(series: MemSeries): void {
    const first = this.#byHash.get(series.hash);
    if (first === series) {
      if (series.nextSameHash === undefined) this.#byHash.delete(series.hash);
      else this.#byHash.set(series.hash, series.nextSameHash);
      return;
    }
    let before = first;
    while (before !== undefined && before.nextSameHash !== series) before = before.nextSameHash;
    if (before !== undefined) before.nextSameHash = series.nextSameHash;
  }
}

/** Where hashing begins: senders must not be able to choose label sets that collide. */
const HASH_SEED = (Math.random() * 0x40000000) | 0;

/** A hash of names and values that fits a small integer. */
function hashPairs(pairs: readonly string[]): number {
  let hash = HASH_SEED;
  for (const text of pairs) {
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    // Marks the end of each text, so that moving a character to the next one changes the hash.
    hash = Math.imul(hash ^ 0x10000 ^ (hash >>> 15), 0x5bd1e995);
  }
  return (hash ^ (hash >>> 16)) & 0x3fffffff;
}
