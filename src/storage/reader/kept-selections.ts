import type { Matcher } from '../../model/index.ts';
import type { RemovalCount } from '../head/removal-count.ts';
import type { HeadAccess, ShardAccess } from './head-access.ts';
import type { LabelColumns } from './label-columns.ts';
import { LabelColumnsBuilder } from './label-columns.ts';
import { MAX_CANDIDATES, MAX_SERIES } from './selection-size.ts';

/** Series of all selections that are kept. */
const KEPT_SERIES_MAX = 16_384;
const KEPT_SELECTIONS_MAX = 256;

/** The series of a shard that match, with or without samples. Not to be written into. */
export interface MatchingSeries {
  readonly shard: ShardAccess;
  readonly refs: Uint32Array;
  readonly sets: Uint32Array;
  /** Series of the index when they were found. */
  readonly indexSize: number;
}

/** What matchers find, until a series comes or goes. */
export class KeptSelection {
  readonly shards: readonly MatchingSeries[];
  readonly length: number;
  /** The count of removals when it was found. */
  readonly asOf: number;
  #columns: LabelColumns | undefined;
  #isKnown = false;

  constructor(shards: readonly MatchingSeries[], asOf: number) {
    this.shards = shards;
    this.length = shards.reduce((sum, { refs }) => sum + refs.length, 0);
    this.asOf = asOf;
  }

  /** Only what is added makes the index larger, and what goes is counted. */
  isAsOf(asOf: number): boolean {
    if (asOf !== this.asOf) return false;
    for (const { shard, indexSize } of this.shards) {
      if (shard.index.size !== indexSize) return false;
    }
    return true;
  }

  /**
   * The labels of all, in order. Where the order does not matter these are made when they are asked
   * for again, and undefined before.
   */
  columns(unordered: boolean): LabelColumns | undefined {
    if (this.#columns === undefined && (!unordered || this.#isKnown)) {
      this.#columns = orderedColumns(this.shards);
    }
    this.#isKnown = true;
    return this.#columns;
  }
}

/** The label sets of series, in order. */
export function orderedColumns(
  shards: readonly Pick<MatchingSeries, 'shard' | 'sets'>[],
): LabelColumns {
  const builder = new LabelColumnsBuilder(shards.length > 1);
  for (const { shard, sets } of shards) {
    for (const set of sets) builder.addSet(shard.pairs, set);
  }
  return builder.build(true);
}

/**
 * Selections of few series that are asked for again and again, on the thread that writes: finding
 * the series of a dashboard's panel takes longer than reading them. They are known by their list of
 * matchers itself, which queries that are kept parsed bring again.
 */
export class KeptSelections {
  readonly #head: HeadAccess;
  readonly #removals: RemovalCount;
  /** The one that was asked for longest ago first. */
  readonly #kept = new Map<readonly Matcher[], KeptSelection>();
  #seriesCount = 0;

  constructor(head: HeadAccess, removals: RemovalCount) {
    this.#head = head;
    this.#removals = removals;
  }

  /** Undefined where it takes long to find them, or they are many. For this turn. */
  of(matchers: readonly Matcher[]): KeptSelection | undefined {
    const asOf = this.#removals.value;
    const known = this.#kept.get(matchers);
    if (known !== undefined) this.#drop(matchers, known);
    const selection = known?.isAsOf(asOf) === true ? known : this.#find(matchers, asOf);
    if (selection !== undefined) this.#keep(matchers, selection);
    return selection;
  }

  #find(matchers: readonly Matcher[], asOf: number): KeptSelection | undefined {
    const found: MatchingSeries[] = [];
    let length = 0;
    for (const shard of this.#head.shards) {
      const { index } = shard;
      const bound = index.bound(matchers);
      if (bound === undefined || bound > MAX_CANDIDATES) return undefined;
      const refs = index.select(matchers);
      length += refs.length;
      if (length > MAX_SERIES) return undefined;
      found.push({ shard, refs, sets: index.setsOf(refs), indexSize: index.size });
    }
    return new KeptSelection(found, asOf);
  }

  #keep(matchers: readonly Matcher[], selection: KeptSelection): void {
    this.#kept.set(matchers, selection);
    this.#seriesCount += selection.length;
    for (const [oldest, { length }] of this.#kept) {
      const isFull = this.#kept.size > KEPT_SELECTIONS_MAX || this.#seriesCount > KEPT_SERIES_MAX;
      if (!isFull) return;
      this.#kept.delete(oldest);
      this.#seriesCount -= length;
    }
  }

  #drop(matchers: readonly Matcher[], { length }: KeptSelection): void {
    this.#kept.delete(matchers);
    this.#seriesCount -= length;
  }
}
