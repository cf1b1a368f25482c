import { SERIES_HAS_HISTOGRAMS } from '../../kernel/index.ts';
import type { Matcher } from '../../model/index.ts';
import type { SelectedNow, SelectHints } from '../api.ts';
import type { HeadAccess, ShardAccess } from './head-access.ts';
import type { HeadSelection, ShardSelection } from './head-selection.ts';
import { hasSample } from './head-selection.ts';
import type { LabelColumns } from './label-columns.ts';
import { LabelColumnsBuilder } from './label-columns.ts';
import { HeadSeries } from './selected-series.ts';
import { MAX_CANDIDATES, MAX_SERIES } from './selection-size.ts';
import type { StoreRead } from './store-access.ts';

/** Which series of a shard have samples, and how many at most. */
interface Found {
  readonly selection: ShardSelection;
  readonly sampleBound: number;
}

/**
 * Selects from the head at once, on the thread that writes it, where it is known to be little;
 * undefined where not, or where a commit under way leaves no clear picture. The set is read in
 * place, so it is good for this turn only: within it nothing is written, and so nothing is freed.
 */
export function selectHeadNow(
  head: HeadAccess,
  matchers: readonly Matcher[],
  hints: SelectHints,
  floor: number,
): SelectedNow | undefined {
  const minTime = Math.max(hints.minTime, floor);
  const commit = head.commit();
  const shards: ShardSelection[] = [];
  let length = 0;
  let sampleBound = 0;
  for (const shard of head.shards) {
    const bound = shard.index.bound(matchers);
    if (bound === undefined || bound > MAX_CANDIDATES) return undefined;
    const found = selectShard(shard, matchers, { minTime, maxTime: hints.maxTime, commit });
    if (found === undefined) return undefined;
    length += found.selection.refs.length;
    sampleBound += found.sampleBound;
    shards.push(found.selection);
  }
  const isRefused = length > (hints.maxSeries ?? Infinity);
  // A querier says which limit was reached.
  if (isRefused || length > MAX_SERIES || sampleBound > (hints.maxSamples ?? Infinity)) {
    return undefined;
  }
  const read = new TurnRead(floor, commit);
  const selection = { read, minTime, shards, length, histograms: NO_HISTOGRAMS, sampleBound };
  const columns = hints.unordered === true ? undefined : orderedLabels(shards);
  return { set: new HeadSeries(selection, columns), sampleBound };
}

const NO_HISTOGRAMS: HeadSelection['histograms'] = new Map();

/** Ends with the turn by itself. */
class TurnRead implements StoreRead {
  readonly floor: number;
  readonly commit: number;
  readonly blocks = [];
  readonly isReleased = false;

  constructor(floor: number, commit: number) {
    this.floor = floor;
    this.commit = commit;
  }

  release(): void {
    // Nothing is held.
  }
}

function selectShard(
  shard: ShardAccess,
  matchers: readonly Matcher[],
  { minTime, maxTime, commit }: { minTime: number; maxTime: number; commit: number },
): Found | undefined {
  const { kernel, index } = shard;
  const refs = index.select(matchers);
  if (refs.length > MAX_SERIES) return undefined;
  const caps = new Float64Array(refs.length);
  if (!kernel.capture(refs, refs.length, commit, minTime, caps)) return undefined;
  const sets = index.setsOf(refs);
  let length = 0;
  let sampleBound = 0;
  for (let at = 0; at < refs.length; at++) {
    const ref = refs[at]!;
    if ((kernel.flags(ref) & SERIES_HAS_HISTOGRAMS) !== 0) return undefined;
    const cap = caps[at]!;
    // Nothing is visible of one without a cap.
    if (cap !== cap || sets[at] === 0) continue;
    const end = Math.min(cap, maxTime);
    const bound = kernel.count(ref, minTime, end);
    // Up to its cap a series has what the cap is the time of; before, it may have a gap.
    if (bound === 0 || (cap > end && !hasSample(kernel, ref, minTime, end))) continue;
    refs[length] = ref;
    sets[length] = sets[at]!;
    caps[length++] = end;
    sampleBound += bound;
  }
  return {
    selection: {
      shard,
      refs: refs.subarray(0, length),
      sets: sets.subarray(0, length),
      caps: caps.subarray(0, length),
    },
    sampleBound,
  };
}

function orderedLabels(shards: readonly ShardSelection[]): LabelColumns {
  const builder = new LabelColumnsBuilder(shards.length > 1);
  for (const { shard, sets } of shards) {
    for (const set of sets) builder.addSet(shard.pairs, set);
  }
  return builder.build(true);
}
