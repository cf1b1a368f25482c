/** Refs of a page: known series mostly have neighbours that are known too. */
const PAGE_BITS = 8;
const PAGE_REFS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_REFS - 1;
/** Pages of one part of the directory. */
const PART_BITS = 12;
const PART_PAGES = 1 << PART_BITS;
const FIRST_SLOTS = 4;

/**
 * How the values of a series are written, by its mode: unknown yet, as whole numbers of a tenth to
 * some power, or as bits. Only the writer tells modes above `MISSED` from those below: there the
 * last value was none of these numbers.
 */
export const ValueMode = { UNKNOWN: 0, WHOLE: 1, MISSED: 16, BITS: 255 } as const;

/**
 * What the records of a segment have said so far: of each series its last value and which series
 * came after it. Writer and reader hold one each, and records change both alike.
 *
 * The columns have a place for each ref, `page(ref)` and then its lowest bits; they are other
 * arrays after a `page` that was new.
 */
export class SampleState {
  /** The last value: the whole number it was written as, or the value itself. */
  last = new Float64Array(FIRST_SLOTS * PAGE_REFS);
  /** The bits of `last`. */
  lastWords = new Uint32Array(this.last.buffer);
  modes = new Uint8Array(this.last.length);
  /** The ref that came after; 0 for none but the next number. */
  successors = new Uint32Array(this.last.length);
  /** Series whose mode is known. */
  seriesCount = 0;
  lastRef = 0;
  /** Time of the last sample. */
  time = 0;
  minTime = Number.NaN;
  maxTime = Number.NaN;
  windowMs = Number.NaN;
  /** Places of the refs of the record that is written or read. */
  places = new Uint32Array(64);
  #directory: (Uint32Array | undefined)[] = [];
  #slotCount = 0;

  /** As after creation. */
  restart(): void {
    const used = this.#slotCount * PAGE_REFS;
    this.#directory = [];
    this.#slotCount = 0;
    const wanted = Math.max(used, FIRST_SLOTS * PAGE_REFS);
    if (this.last.length > 4 * wanted) this.#resize(wanted, 0);
    this.last.fill(0, 0, used);
    this.modes.fill(0, 0, used);
    this.successors.fill(0, 0, used);
    this.seriesCount = 0;
    this.lastRef = 0;
    this.time = 0;
    this.minTime = Number.NaN;
    this.maxTime = Number.NaN;
    this.windowMs = Number.NaN;
  }

  /** Makes `places` long enough. */
  reservePlaces(length: number): void {
    if (this.places.length < length) this.places = new Uint32Array(2 * length);
  }

  /** Number of the page that a ref is in. */
  static pageNumber(ref: number): number {
    return ref >>> PAGE_BITS;
  }

  /** Place of a ref on its page. */
  static onPage(ref: number): number {
    return ref & PAGE_MASK;
  }

  /** The place at which the page of this number begins. */
  page(number: number): number {
    const part = number >>> PART_BITS;
    let slots = this.#directory[part];
    if (slots === undefined) {
      while (this.#directory.length < part) this.#directory.push(undefined);
      slots = new Uint32Array(PART_PAGES);
      this.#directory[part] = slots;
    }
    const known = slots[number & (PART_PAGES - 1)]!;
    if (known !== 0) return (known - 1) * PAGE_REFS;
    const start = this.#slotCount++ * PAGE_REFS;
    slots[number & (PART_PAGES - 1)] = this.#slotCount;
    if (start === this.last.length) this.#resize(2 * start, start);
    return start;
  }

  #resize(length: number, kept: number): void {
    const { last, modes, successors } = this;
    this.last = new Float64Array(length);
    this.lastWords = new Uint32Array(this.last.buffer);
    this.modes = new Uint8Array(length);
    this.successors = new Uint32Array(length);
    // As words: a NaN must stay the one it is.
    this.lastWords.set(new Uint32Array(last.buffer, 0, 2 * kept));
    this.modes.set(modes.subarray(0, kept));
    this.successors.set(successors.subarray(0, kept));
  }
}
