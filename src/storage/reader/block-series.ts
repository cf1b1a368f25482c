import type { Matcher } from '../../model/index.ts';
import type { TimeRange } from '../api.ts';
import type { Block } from '../block/block.ts';
import { firstFrom } from '../block/block.ts';
import type { IndexEntry } from '../block/block-index.ts';
import type { BlockRef } from '../block/block-set.ts';
import { selectOrdinals } from '../block/select-ordinals.ts';
import { reviveTombstone } from '../block/tombstone.ts';
import { Pacer } from '../pacer.ts';
import type { DeleteRecord } from '../wal/records.ts';
import type { GivesUp } from './read-scope.ts';

/** Series that match any of them; with none, every series. */
export type MatcherLists = readonly (readonly Matcher[])[];

/** Times, both inclusive, that deletes have hidden of a series. */
export type HiddenTimes = readonly TimeRange[];

/** Which samples of which series of a block deletes hide. */
export class Hiding {
  readonly #deletes: readonly DeleteRecord[];

  constructor(ref: BlockRef) {
    this.#deletes = ref.tombstones.map(reviveTombstone);
  }

  of(pairs: readonly string[]): HiddenTimes {
    if (this.#deletes.length === 0) return [];
    const hidden = this.#deletes.filter(({ matchers }) => matchesAll(matchers, pairs));
    return hidden.map(({ range }) => range);
  }
}

function matchesAll(matchers: readonly Matcher[], pairs: readonly string[]): boolean {
  return matchers.every((matcher) => matcher.matches(valueOf(pairs, matcher.name)));
}

function valueOf(pairs: readonly string[], name: string): string {
  for (let index = 0; index < pairs.length; index += 2) {
    if (pairs[index] === name) return pairs[index + 1]!;
  }
  return '';
}

export function isHidden(hidden: HiddenTimes, time: number): boolean {
  return hidden.some(({ minTime, maxTime }) => time >= minTime && time <= maxTime);
}

/**
 * Calls `visit` with each series of a block that matches any of the lists (with none, every one)
 * and has a sample within the times which is not hidden.
 */
export async function eachSeries(
  block: Block,
  ref: BlockRef,
  { lists, range }: { readonly lists: MatcherLists; readonly range: TimeRange },
  signal: GivesUp,
  visit: (pairs: readonly string[], entry: IndexEntry) => void,
): Promise<void> {
  const hiding = new Hiding(ref);
  const pacer = new Pacer();
  for (const entry of block.index.entries(ordinalsOf(block, lists))) {
    const pairs = block.index.pairs(entry);
    if (await hasSample(block, entry, range, hiding.of(pairs))) visit(pairs, entry);
    if (pacer.due()) await pacer.pause();
    signal.throwIfAborted();
  }
}

function ordinalsOf(block: Block, lists: MatcherLists): Iterable<number> {
  const only = lists[0];
  if (only === undefined) return selectOrdinals(block.index, []);
  if (lists.length === 1) return selectOrdinals(block.index, only);
  const all = new Set<number>();
  for (const matchers of lists) {
    for (const ordinal of selectOrdinals(block.index, matchers)) all.add(ordinal);
  }
  return Uint32Array.from(all).sort();
}

async function hasSample(
  block: Block,
  entry: IndexEntry,
  { minTime, maxTime }: TimeRange,
  hidden: HiddenTimes,
): Promise<boolean> {
  for (const { column } of entry.chunks) {
    const times = block.index.columns[column]!;
    if (times.maxTime < minTime || times.minTime > maxTime) continue;
    // Fast path: the first or the last sample of the chunk is within.
    const endWithin = times.minTime >= minTime || times.maxTime <= maxTime;
    if (endWithin && hidden.length === 0) return true;
    const all = await block.times(column);
    for (let at = firstFrom(all, minTime); at < all.length && all[at]! <= maxTime; at++) {
      if (!isHidden(hidden, all[at]!)) return true;
    }
  }
  return false;
}
