import type { Labels, Metadata } from '../../model/index.ts';
import { assert } from '../../model/index.ts';
import type { RingIntake } from '../runtime/ring-intake.ts';
import { describeSeries } from '../sampling/describe-series.ts';
import { DESCRIPTION_LENGTH_MAX } from '../sampling/series-table.ts';

/** A ref that stands for nothing: a limit forbids the series. */
export const NO_REF = 0;
/** Idle series are kept at least so long, however little the ring holds. */
const IDLE_MS_MIN = 3_600_000;
/** Families whose metadata is held for series that are to come. */
const FAMILIES_MAX = 10_000;

interface Received {
  readonly labels: Labels;
  /** Undefined until a sample of it is sealed. */
  id: number | undefined;
  /** When a sample of it was sealed last. */
  sealedMs: number;
}

/**
 * Series that others push, by ref: at most so many at once, those that are known going on when new
 * ones are refused. A ref is at least 1 and never used again.
 */
export class ReceivedSeries {
  readonly #intake: RingIntake;
  readonly #limit: number;
  readonly #refs = new Map<string, number>();
  readonly #series = new Map<number, Received>();
  #nextRef = NO_REF + 1;
  readonly #metadata = new Map<string, Metadata>();

  constructor(intake: RingIntake, limit: number) {
    this.#intake = intake;
    this.#limit = limit;
  }

  get size(): number {
    return this.#refs.size;
  }

  /** The ref of a series, made if need be; `NO_REF` where the limit forbids that. */
  refOf(labels: Labels): number {
    const known = this.#refs.get(labels.key);
    if (known !== undefined) return known;
    if (this.#refs.size >= this.#limit) return NO_REF;
    const ref = this.#nextRef++;
    this.#series.set(ref, { labels, id: undefined, sealedMs: 0 });
    this.#refs.set(labels.key, ref);
    return ref;
  }

  /** Whether a sample of the ref can be sealed. */
  isKnown(ref: number): boolean {
    const series = this.#series.get(ref);
    if (series === undefined) return false;
    return series.id === undefined || this.#intake.isKnown(series.id);
  }

  /** The id of a ref that is known, named now if it was not: a sample of it is to be sealed. */
  idOf(ref: number, nowMs: number): number {
    const series = this.#series.get(ref);
    assert(series !== undefined, `ref ${ref} is of no series`);
    series.sealedMs = nowMs;
    const { labels } = series;
    series.id ??= this.#intake.name(labels, describeSeries(labels.metricName, this.#metadata));
    return series.id;
  }

  /** Forgets refs that no sample came of. */
  drop(refs: readonly number[]): void {
    for (const ref of refs) {
      const series = this.#series.get(ref);
      if (series !== undefined && series.id === undefined) this.#forget(ref, series);
    }
  }

  /** Of series that are to come: those that are named already stay as they were told of. */
  setMetadata(family: string, { type, help, unit }: Metadata): void {
    if (!this.#metadata.has(family) && this.#metadata.size >= FAMILIES_MAX) return;
    this.#metadata.set(family, { type, help: help.slice(0, DESCRIPTION_LENGTH_MAX), unit });
  }

  /** Ends series that nobody pushed for long, once the ring holds nothing of them. */
  forgetIdle(nowMs: number): void {
    const { oldestMs } = this.#intake;
    const before = Math.min(oldestMs === 0 ? nowMs : oldestMs, nowMs - IDLE_MS_MIN);
    for (const [ref, series] of this.#series) {
      if (series.id === undefined || series.sealedMs >= before) continue;
      this.#intake.end(series.id);
      this.#forget(ref, series);
    }
  }

  #forget(ref: number, { labels }: Received): void {
    this.#refs.delete(labels.key);
    this.#series.delete(ref);
  }
}
