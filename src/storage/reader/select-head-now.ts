import { SERIES_HAS_HISTOGRAMS } from '../../kernel/index.ts';
import type { SelectedNow, SelectHints } from '../api.ts';
import type { HeadAccess } from './head-access.ts';
import type { HeadSelection, ShardSelection } from './head-selection.ts';
import type { KeptSelection, MatchingSeries } from './kept-selections.ts';
import { orderedColumns } from './kept-selections.ts';
import type { LabelColumns } from './label-columns.ts';
import { mostOfSeries, narrowed } from './lookups.ts';
import { hasSample } from './sample-time.ts';
import { HeadSeries } from './selected-series.ts';
import type { StoreRead } from './store-access.ts';

/** Which series of a shard have samples, and how many at most. */
interface Found {
  readonly selection: ShardSelection;
  readonly sampleBound: number;
}

/** What of the head is to be seen. */
interface Sight {
  readonly minTime: number;
  readonly maxTime: number;
  readonly commit: number;
  /** Only the newest sample of a series will be read. */
  readonly isNewestOnly: boolean;
}

/**
 * Reads a selection at once, on the thread that writes; undefined where there are histograms or too
 * much, and where a commit under way leaves no clear picture. The set is read in place, so it is
 * good for this turn only: within it nothing is written, and so nothing is freed.
 */
export function selectHeadNow(
  head: HeadAccess,
  matching: KeptSelection,
  hints: SelectHints,
  floor: number,
): SelectedNow | undefined {
  const { maxSeries = Infinity, maxSamples = Infinity, unordered = false } = hints;
  const sight = {
    minTime: Math.max(hints.minTime, floor),
    maxTime: narrowed(hints).maxTime,
    commit: head.commit(),
    isNewestOnly: mostOfSeries(hints) === 1,
  };
  const shards: ShardSelection[] = [];
  let length = 0;
  let sampleBound = 0;
  for (const series of matching.shards) {
    const found = visibleSeries(series, sight);
    if (found === undefined) return undefined;
    length += found.selection.refs.length;
    sampleBound += found.sampleBound;
    shards.push(found.selection);
  }
  // A querier says which limit was reached.
  if (length > maxSeries || sampleBound > maxSamples) return undefined;
  const selection = {
    read: new TurnRead(floor, sight.commit),
    minTime: sight.minTime,
    shards,
    length,
    histograms: NO_HISTOGRAMS,
    sampleBound,
  };
  return { set: new HeadSeries(selection, columnsOf(selection, matching, unordered)), sampleBound };
}

function columnsOf(
  { shards, length }: Pick<HeadSelection, 'shards' | 'length'>,
  matching: KeptSelection,
  unordered: boolean,
): LabelColumns | undefined {
  if (length === matching.length) return matching.columns(unordered);
  return unordered ? undefined : orderedColumns(shards);
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

function visibleSeries(
  { shard, refs, sets }: MatchingSeries,
  { minTime, maxTime, commit, isNewestOnly }: Sight,
): Found | undefined {
  const { kernel } = shard;
  const caps = new Float64Array(refs.length);
  if (!kernel.capture(refs, refs.length, commit, minTime, caps)) return undefined;
  let length = 0;
  let sampleBound = 0;
  for (let at = 0; at < refs.length; at++) {
    const ref = refs[at]!;
    if ((kernel.flags(ref) & SERIES_HAS_HISTOGRAMS) !== 0) return undefined;
    const cap = caps[at]!;
    caps[at] = NaN;
    // Nothing is visible of one without a cap.
    if (cap !== cap || sets[at] === 0) continue;
    const end = Math.min(cap, maxTime);
    const bound = kernel.count(ref, minTime, end);
    // Up to its cap a series has what the cap is the time of; before, it may have a gap.
    if (bound === 0 || (cap > end && !hasSample(kernel, ref, minTime, end))) continue;
    caps[at] = end;
    sampleBound += isNewestOnly ? 1 : bound;
    length++;
  }
  const all = { shard, refs, sets, caps };
  return { selection: length === refs.length ? all : withSamples(all, length), sampleBound };
}

/** Leaves out what has no cap. */
function withSamples({ shard, refs, sets, caps }: ShardSelection, length: number): ShardSelection {
  const kept = { refs: new Uint32Array(length), sets: new Uint32Array(length) };
  let next = 0;
  for (let at = 0; at < refs.length; at++) {
    const cap = caps[at]!;
    if (cap !== cap) continue;
    kept.refs[next] = refs[at]!;
    kept.sets[next] = sets[at]!;
    caps[next++] = cap;
  }
  return { shard, ...kept, caps: caps.subarray(0, length) };
}
