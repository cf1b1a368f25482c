import type { Labels, Metadata } from '../../model/index.ts';
import type { RingIntake } from '../runtime/ring-intake.ts';
import { describeSeries } from '../sampling/describe-series.ts';
import { DESCRIPTION_LENGTH_MAX } from '../sampling/series-table.ts';

/** A ref that stands for nothing: a limit forbids the series. */
export const NO_REF = 0;
/** In place of an id: named with the first sample that is sealed; or not any more. */
const UNNAMED = -1;
const FORGOTTEN = -2;
/** Idle series are kept at least so long, however little the ring holds. */
const IDLE_MS_MIN = 3_600_000;
/** Families whose metadata is held for series that are to come. */
const FAMILIES_MAX = 10_000;

/**
 * Series that others push, by ref: at most so many at once, those that are known going on when new
 * ones are refused. A ref is at least 1 and never used again.
 */
export class ReceivedSeries {
  readonly #intake: RingIntake;
  readonly #limit: number;
  readonly #refs = new Map<string, number>();
  /** By ref. */
  readonly #ids: number[] = [FORGOTTEN];
  readonly #labels: (Labels | undefined)[] = [undefined];
  /** When a sample of it was sealed last. */
  readonly #sealedMs: number[] = [0];
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
    const ref = this.#ids.length;
    this.#ids.push(UNNAMED);
    this.#labels.push(labels);
    this.#sealedMs.push(0);
    this.#refs.set(labels.key, ref);
    return ref;
  }

  /** Whether a sample of the ref can be sealed. */
  isKnown(ref: number): boolean {
    const id = this.#ids[ref] ?? FORGOTTEN;
    return id === UNNAMED || (id >= 0 && this.#intake.isKnown(id));
  }

  /** The id of a ref that is known, named now if it was not: a sample of it is to be sealed. */
  idOf(ref: number, nowMs: number): number {
    this.#sealedMs[ref] = nowMs;
    const id = this.#ids[ref] ?? FORGOTTEN;
    const labels = this.#labels[ref];
    if (id !== UNNAMED || labels === undefined) return id;
    const named = this.#intake.name(labels, describeSeries(labels.metricName, this.#metadata));
    this.#ids[ref] = named;
    return named;
  }

  /** Forgets refs that no sample came of. */
  drop(refs: readonly number[]): void {
    for (const ref of refs) if (this.#ids[ref] === UNNAMED) this.#forget(ref);
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
    for (const ref of [...this.#refs.values()]) {
      const id = this.#ids[ref] ?? FORGOTTEN;
      if (id < 0 || (this.#sealedMs[ref] ?? 0) >= before) continue;
      this.#intake.end(id);
      this.#forget(ref);
    }
  }

  #forget(ref: number): void {
    const labels = this.#labels[ref];
    if (labels !== undefined) this.#refs.delete(labels.key);
    this.#ids[ref] = FORGOTTEN;
    this.#labels[ref] = undefined;
  }
}
