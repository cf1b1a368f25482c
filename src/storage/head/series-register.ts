import type { SeriesRun } from '../../kernel/index.ts';
import type { Matcher } from '../../model/index.ts';
import { Labels } from '../../model/index.ts';
import type { EmptySeries } from './empty-series.ts';
import type { HeadShard } from './head-shard.ts';
import type { RemovalCount } from './removal-count.ts';
import { shardOf } from './shard-of.ts';

/**
 * Which series the head has. A series is known by its ref alone; its labels are in the index of the
 * shard that the ref tells, its samples in the kernel of that shard.
 */
export class SeriesRegister {
  /** The ref that the next new series gets. */
  nextRef = 1;
  readonly #shards: readonly HeadShard[];
  readonly #empty: EmptySeries;
  readonly #removals: RemovalCount;
  readonly #aliases = new Map<number, number>();

  constructor(shards: readonly HeadShard[], empty: EmptySeries, removals: RemovalCount) {
    this.#shards = shards;
    this.#empty = empty;
    this.#removals = removals;
  }

  /** Series, those without samples included. */
  get size(): number {
    return this.#shards.reduce((sum, { index }) => sum + index.size, 0);
  }

  /** Series with at least one sample. */
  get filledCount(): number {
    return this.size - this.#empty.count(() => this.refs());
  }

  /** Refs that a damaged log gave to a series besides its own, each with that. */
  get aliases(): ReadonlyMap<number, number> {
    return this.#aliases;
  }

  /** The shard that a ref belongs to, whether or not there is such a series. */
  shard(ref: number): HeadShard {
    return this.#shards[shardOf(ref, this.#shards.length)]!;
  }

  /** The ref of the series with these labels, 0 where there is none. */
  find(labels: Labels): number {
    for (const { index } of this.#shards) {
      const ref = index.find(labels);
      if (ref !== 0) return ref;
    }
    return 0;
  }

  /** The series that a ref stands for: itself, mostly; 0 where it is gone. */
  resolve(ref: number): number {
    if (this.shard(ref).kernel.hasSeries(ref)) return ref;
    return this.#aliases.get(ref) ?? 0;
  }

  has(ref: number): boolean {
    return this.resolve(ref) !== 0;
  }

  labels(ref: number): Labels {
    return this.shard(ref).index.reader.labels(ref);
  }

  /** Series that match, by shard, each ascending. */
  select(matchers: readonly Matcher[]): Uint32Array[] {
    return this.#shards.map(({ index }) => index.reader.select(matchers));
  }

  /** All series in portions, ascending within each shard. */
  *refs(): IterableIterator<Uint32Array> {
    for (const { index } of this.#shards) yield* index.refs();
  }

  /**
   * Enters a series. Where the label set is known under another ref (which only a damaged log
   * brings about) the ref becomes a second name of that series. Returns the series' own ref.
   * @throws KernelMemoryError; the series is not there then
   */
  add(ref: number, labels: Labels): number {
    if (ref >= this.nextRef) this.nextRef = ref + 1;
    const there = this.resolve(ref);
    if (there !== 0) return there;
    const shard = this.shard(ref);
    const known = this.#findInOthers(shard, labels) || this.#index(shard, ref, labels);
    if (known !== ref) {
      this.#aliases.set(ref, known);
      return known;
    }
    try {
      shard.kernel.createSeries(ref);
    } catch (error) {
      this.#removals.add();
      shard.index.remove([ref]);
      this.#removals.add();
      throw error;
    }
    this.#empty.add(ref);
    return ref;
  }

  /**
   * For the series of records that `addRun` is given; undefined where they are to be decoded,
   * because a label set must be looked for in more than one shard.
   * @throws KernelMemoryError
   */
  openRun(): SeriesRun | undefined {
    return this.#shards.length > 1 ? undefined : this.#shards[0]!.index.openRun();
  }

  /** Enters the series of a run that `openRun` gave. @throws KernelMemoryError */
  addRun(run: SeriesRun): void {
    const { index } = this.#shards[0]!;
    const { count } = run;
    for (let number = 0; number < count; number++) {
      // What is an alias the kernel does not know.
      const next = this.#aliases.size > 0 ? number : index.enterRun(run, number);
      if (next > number) this.#empty.addUnseen();
      number = next;
      if (next < count) this.add(run.refs(next, next + 1)[0]!, Labels.ofSorted(run.texts(next)));
    }
    if (run.greatestRef >= this.nextRef) this.nextRef = run.greatestRef + 1;
  }

  /** Forgets series, whose samples are gone. */
  remove(gone: ReadonlySet<number>): void {
    this.#removals.add();
    for (const shard of this.#shards) {
      const refs = [...gone].filter((ref) => this.shard(ref) === shard);
      if (refs.length > 0) shard.index.remove(new Set(refs));
      for (const ref of refs) shard.kernel.removeSeries(ref);
    }
    this.#removals.add();
    for (const ref of gone) this.#empty.delete(ref);
    for (const [alias, ref] of this.#aliases) if (gone.has(ref)) this.#aliases.delete(alias);
  }

  #index({ index }: HeadShard, ref: number, labels: Labels): number {
    try {
      return index.enter(ref, labels);
    } catch (error) {
      // Pairs that were made for it have gone again.
      this.#removals.add();
      throw error;
    }
  }

  #findInOthers(shard: HeadShard, labels: Labels): number {
    for (const other of this.#shards) {
      const ref = other === shard ? 0 : other.index.find(labels);
      if (ref !== 0) return ref;
    }
    return 0;
  }
}
