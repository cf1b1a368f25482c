import type { OwnerId } from '../../../kernel/index.ts';
import type { IngestKernel } from '../../kernel/index.ts';
import type { BodyFormat } from './body-format.ts';

const NONE = new Uint32Array(0);
const NO_HISTOGRAMS: ReadonlySet<number> = new Set();
const NO_NAMES: ReadonlyMap<string, number> = new Map();

/** A body that was read without the kernel. */
export interface PlainSeries {
  /** Refs of its series, each once. */
  readonly current: Uint32Array;
  /** Of these, those with native histograms. */
  readonly histograms: ReadonlySet<number>;
  /** The ref of each name, to be known next time; empty where that is not worth while. */
  readonly names: ReadonlyMap<string, number>;
}

/** What a scrape that was stored leaves behind. */
interface Before {
  /** The body was read without the kernel. */
  readonly isPlain: boolean;
  /** Refs of its series. */
  readonly known: Uint32Array;
  /** Of these, those that get no marker when they vanish. */
  readonly untracked: Uint32Array;
}

/** A body that was understood: what it has, and what it has not. */
export interface Settled {
  /** Refs of the series in the body, each once. */
  readonly current: Uint32Array;
  /** Series that were not in the last scrape. */
  readonly addedCount: number;
}

/**
 * The series of one target: the names by which the kernel knows them, and which of them were in
 * the last scrape, so that those that vanish get a staleness marker. One scrape is `begin`, then
 * `settle` if the body was understood, and one of `succeed`, `fail` and `abandon`.
 */
export class TargetSeries {
  readonly #kernel: IngestKernel;
  #owner: OwnerId | undefined;
  #format: BodyFormat | undefined;
  /** What the owner knows, where that is at hand. */
  #lastKnown: Uint32Array | undefined;
  /** Series of the last scrape that the owner does not know of, as the names were forgotten. */
  #orphans: Uint32Array = NONE;
  #orphansCount = false;
  #untracked: Uint32Array = NONE;
  /** All series of the last scrape have their markers already. */
  #marked = false;
  /** Of the scrape under way, once its body is settled. */
  #before: Before | undefined;
  #missing: Uint32Array = NONE;
  #current: Uint32Array = NONE;
  #untrackedNow: Uint32Array = NONE;
  /** Of the last scrape that was stored, series with native histograms. */
  #histograms = NO_HISTOGRAMS;
  #histogramsNow = NO_HISTOGRAMS;
  /** What is known without the kernel. */
  #names = NO_NAMES;
  #namesNow = NO_NAMES;

  constructor(kernel: IngestKernel) {
    this.#kernel = kernel;
  }

  /** In whose name bodies are scanned. */
  get owner(): OwnerId {
    this.#owner ??= this.#kernel.openOwner(this.#kernel.newContext(), true);
    return this.#owner;
  }

  /** Whether names and lines of earlier bodies may be known. */
  get knowsNames(): boolean {
    return this.#owner !== undefined;
  }

  begin(format: BodyFormat): void {
    // Lines that are known were judged by the rules of the format.
    if (this.#format !== undefined && this.#format !== format) this.renew(true);
    this.#format = format;
  }

  /** All series of the body are resolved. */
  settle(): Settled {
    const known = this.#lastKnown ?? this.#known();
    this.#before = { isPlain: false, known, untracked: this.#untracked };
    this.#missing = this.#kernel.takeMissing(this.owner);
    this.#current = this.#kernel.knownSeries(this.owner);
    this.#lastKnown = this.#current;
    this.#untrackedNow = NONE;
    this.#histogramsNow = NO_HISTOGRAMS;
    this.#namesNow = NO_NAMES;
    return { current: this.#current, addedCount: this.#addedCount(known.length) };
  }

  /** The body was read without the kernel. */
  settlePlainly({ current, histograms, names }: PlainSeries): Settled {
    const known = this.lastSeries();
    this.renew(true);
    this.#before = { isPlain: true, known: NONE, untracked: this.#untracked };
    this.#missing = NONE;
    this.#current = current;
    this.#untrackedNow = NONE;
    this.#histogramsNow = histograms;
    this.#namesNow = names;
    const before = new Set(known);
    const addedCount = current.reduce((count, ref) => count + (before.has(ref) ? 0 : 1), 0);
    return { current, addedCount };
  }

  /** After `settle`: how many of these series of the body were not in the last scrape. */
  newAmong(refs: readonly number[]): number {
    if (refs.length === 0) return 0;
    const before = new Set([...(this.#before?.known ?? NONE), ...this.#orphans]);
    return refs.filter((ref) => !before.has(ref)).length;
  }

  /** These series of the body have times of their own: they get no marker when they vanish. */
  untrack(refs: Uint32Array): void {
    this.#untrackedNow = refs;
  }

  /** After `settle`: refs that were in the last scrape and are not in this one. */
  missingRefs(): readonly number[] {
    const before = this.#before;
    if (before === undefined || this.#marked) return [];
    const missing = Array.from(this.#missing);
    if (this.#orphans.length > 0) {
      const current = new Set(this.#current);
      for (const ref of this.#orphans) if (!current.has(ref)) missing.push(ref);
    }
    if (isEqual(before.untracked, this.#untrackedNow)) {
      return before.untracked.length === 0 ? missing : without(missing, before.untracked);
    }
    return [...without(missing, before.untracked), ...this.#ceased(before)];
  }

  /** Refs of the last scrape that was stored: what gets a marker when the target ends. */
  previousRefs(): readonly number[] {
    return this.#marked ? [] : without(Array.from(this.lastSeries()), this.#untracked);
  }

  /** Refs of all series of the last scrape that was stored. */
  lastSeries(): Uint32Array {
    return Uint32Array.from([...this.#orphans, ...this.#known()]);
  }

  /** Whether a series of the last scrape had native histograms: its marker is one of their kind. */
  isHistogram(ref: number): boolean {
    return this.#histograms.has(ref);
  }

  /** The refs of names that were known without the kernel in the last scrape. */
  get plainNames(): ReadonlyMap<string, number> {
    return this.#names;
  }

  /** Storage does not know all of the refs any more. */
  forgetPlainNames(): void {
    this.#names = NO_NAMES;
  }

  /** The scrape is stored. */
  succeed(): void {
    this.#histograms = this.#histogramsNow;
    this.#names = this.#namesNow;
    // Of a body read without the kernel the owner knows nothing.
    this.#orphans = this.#before?.isPlain === true ? this.#current : NONE;
    this.#orphansCount = true;
    this.#untracked = this.#untrackedNow;
    this.#marked = false;
    this.#forgetScrape();
  }

  /** The scrape failed, and markers for all series of the last one are stored. */
  fail(): void {
    this.#marked = true;
    this.#forgetScrape();
  }

  /** Nothing of the scrape is stored, not even markers: all is as before it. */
  abandon(): void {
    const before = this.#before;
    if (before !== undefined) {
      // Series that the commit would have made are unknown to storage; lines were told in vain.
      this.#close();
      this.#orphans = Uint32Array.from([...this.#orphans, ...before.known]);
      this.#orphansCount = true;
    }
    this.#forgetScrape();
  }

  /**
   * Forgets all names and lines; the series of the last scrape are still known as such.
   * @param sameSeries the names still mean the same series.
   */
  renew(sameSeries: boolean): void {
    if (!sameSeries) this.#names = NO_NAMES;
    if (this.#owner === undefined) return;
    this.#orphans = this.lastSeries();
    this.#orphansCount = sameSeries;
    this.#close();
  }

  /** The target has gone. */
  close(): void {
    this.#close();
    this.#orphans = NONE;
    this.#forgetScrape();
  }

  #close(): void {
    if (this.#owner !== undefined) this.#kernel.closeOwner(this.#owner);
    this.#owner = undefined;
    this.#lastKnown = undefined;
  }

  #forgetScrape(): void {
    this.#histogramsNow = NO_HISTOGRAMS;
    this.#namesNow = NO_NAMES;
    this.#before = undefined;
    this.#missing = NONE;
    this.#current = NONE;
    this.#untrackedNow = NONE;
  }

  #known(): Uint32Array {
    return this.#owner === undefined ? NONE : this.#kernel.knownSeries(this.#owner);
  }

  #addedCount(knownCount: number): number {
    const kept = knownCount - this.#missing.length;
    if (this.#orphans.length === 0 || !this.#orphansCount) return this.#current.length - kept;
    const orphans = new Set(this.#orphans);
    return this.#current.reduce((count, ref) => count + (orphans.has(ref) ? 0 : 1), 0);
  }

  /** Series that went on with times of their own, which does not keep them from a marker. */
  #ceased(before: Before): number[] {
    const now = new Set(this.#untrackedNow);
    const tracked = without([...before.known, ...this.#orphans], before.untracked);
    return tracked.filter((ref) => now.has(ref));
  }
}

function without(refs: readonly number[], removed: Uint32Array): number[] {
  if (removed.length === 0) return refs.slice();
  const set = new Set(removed);
  return refs.filter((ref) => !set.has(ref));
}

function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((ref, index) => ref === b[index]);
}
