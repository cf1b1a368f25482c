import type { Labels } from '../../model/index.ts';
import type { RemovalCount } from '../head/removal-count.ts';
import type { ShardAccess } from './head-access.ts';
import { SeenValues } from './seen-values.ts';

/** Values of all names that are kept. */
const VALUES_MAX = 1 << 16;
/** Series of all lists that are kept. */
const SERIES_MAX = 1 << 14;

export interface LookUpSize {
  readonly values: number;
  /** Series of the values that were looked at before, and have to be again; at most. */
  readonly seriesAgain: number;
}

interface SeenSeries {
  readonly sets: Uint32Array;
  readonly labels: readonly Labels[];
}

/**
 * What look-ups of labels found in the head, on one thread. All of it is forgotten when anything
 * was removed; what is added meanwhile is looked at when it is asked for. To be used in an epoch.
 */
export class SeenLabels {
  readonly #removals: RemovalCount;
  /** The count of removals that all the rest goes with. */
  #asOf = 0;
  /** By shard, then name; the one that was asked for last at the end. */
  readonly #values = new Map<ShardAccess, Map<string, SeenValues>>();
  #valueCount = 0;
  /** The one that was asked for last at the end. */
  #series: SeenSeries[] = [];
  #seriesCount = 0;

  constructor(removals: RemovalCount) {
    this.#removals = removals;
  }

  /** The moment, for `series` and `keepSeries`; to be taken before series are selected. */
  asOf(): number {
    const now = this.#removals.value;
    if (now !== this.#asOf) this.#forget(now);
    return now;
  }

  /** The values of a name, as far as they are known, and those that have come since. */
  values(shard: ShardAccess, name: string): SeenValues {
    const known = this.#extended(shard, name);
    // Where something went meanwhile a value may be there twice. From nothing on it is not.
    return known ?? this.#extended(shard, name) ?? this.#entered(shard, name, SeenValues.NONE);
  }

  /** What a look-up of the values of a name goes through. */
  size(shard: ShardAccess, name: string, minTime: number, maxTime: number): LookUpSize {
    this.asOf();
    const values = shard.index.valueCount(name);
    const known = this.#values.get(shard)?.get(name);
    if (known === undefined) return { values, seriesAgain: 0 };
    let seriesAgain = 0;
    for (const pair of known.others(minTime, maxTime)) {
      seriesAgain += shard.index.postings(pair).count;
    }
    return { values, seriesAgain };
  }

  /** The labels, in order, of label sets that were selected since `asOf`. */
  series(sets: Uint32Array, asOf: number): readonly Labels[] | undefined {
    if (this.asOf() !== asOf) return undefined;
    const index = this.#series.findIndex((seen) => areSame(seen.sets, sets));
    if (index < 0) return undefined;
    const [seen] = this.#series.splice(index, 1);
    this.#series.push(seen!);
    return seen!.labels;
  }

  keepSeries(sets: Uint32Array, labels: readonly Labels[], asOf: number): void {
    if (this.asOf() !== asOf || sets.length > SERIES_MAX / 4) return;
    this.#series.push({ sets, labels });
    this.#seriesCount += sets.length;
    while (this.#seriesCount > SERIES_MAX) this.#seriesCount -= this.#series.shift()!.sets.length;
  }

  #forget(now: number): void {
    this.#asOf = now;
    this.#values.clear();
    this.#valueCount = 0;
    this.#series = [];
    this.#seriesCount = 0;
  }

  /** Undefined where something was removed meanwhile. */
  #extended(shard: ShardAccess, name: string): SeenValues | undefined {
    const asOf = this.asOf();
    const known = this.#values.get(shard)?.get(name);
    const isWhole = known !== undefined && known.length === shard.index.valueCount(name);
    const all = isWhole ? known : this.#entered(shard, name, known ?? SeenValues.NONE);
    if (this.#removals.value !== asOf) return undefined;
    if (all.length <= VALUES_MAX / 2) this.#keep(shard, name, all);
    return all;
  }

  #entered({ index }: ShardAccess, name: string, known: SeenValues): SeenValues {
    const pairs = index.pairsOf(name);
    const base = pairs.length >= known.length ? known : SeenValues.NONE;
    return base.with(pairs.subarray(base.length), (pair) => index.pairValue(pair));
  }

  #keep(shard: ShardAccess, name: string, values: SeenValues): void {
    const byName = this.#values.get(shard) ?? new Map<string, SeenValues>();
    this.#values.set(shard, byName);
    this.#valueCount += values.length - (byName.get(name)?.length ?? 0);
    byName.delete(name);
    byName.set(name, values);
    for (const [oldest, { length }] of byName) {
      if (this.#valueCount <= VALUES_MAX) break;
      byName.delete(oldest);
      this.#valueCount -= length;
    }
  }
}

function areSame(some: Uint32Array, others: Uint32Array): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) {
    if (some[index] !== others[index]) return false;
  }
  return true;
}
