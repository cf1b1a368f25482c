import { type Matcher, SampleColumns } from '../../model/index.ts';
import { ANY_COMMIT, SERIES_HAS_HISTOGRAMS } from '../../kernel/index.ts';
import type { HistogramSample, SelectHints } from '../api.ts';
import type { BlockRef } from '../block/block-set.ts';
import { SelectLimitError } from '../errors.ts';
import { Pacer } from '../pacer.ts';
import type { ShardAccess } from './head-access.ts';
import { histogramSamples } from './histogram-columns.ts';
import { lookupsOf, mostOfSeries } from './lookups.ts';
import type { ReadScope } from './read-scope.ts';
import { hasSample, SampleCounter } from './sample-time.ts';
import type { StoreParts, StoreRead } from './store-access.ts';
import { beginRead } from './store-access.ts';

/** Series that are captured before anything else may get its turn. */
const PIECE = 1024;
/** How often a selection begins again when commits overtake it; then it takes what is there. */
const ATTEMPTS = 8;

/** Series of one shard that have samples to be seen, by ascending ref. */
export interface ShardSelection {
  readonly shard: ShardAccess;
  readonly refs: Uint32Array;
  /** The label set of each; a series that is removed meanwhile keeps it. */
  readonly sets: Uint32Array;
  /** The newest time of each that is to be read. */
  readonly caps: Float64Array;
}

/** What a selection found in the head, before anything is copied. */
export interface HeadSelection {
  readonly read: StoreRead;
  /** The oldest time to be read. */
  readonly minTime: number;
  readonly shards: readonly ShardSelection[];
  /** Series of all shards; they count through in the order of the shards. */
  readonly length: number;
  /** By place; few series have any. */
  readonly histograms: ReadonlyMap<number, readonly HistogramSample[]>;
  /** There are not more samples. */
  readonly sampleBound: number;
}

/**
 * Finds the series that match and what of them the commits show that were finished when it began,
 * each wholly. The read that it began is the caller's to release.
 * @throws SelectLimitError, StorageClosedError
 */
export async function selectHead(
  parts: StoreParts,
  matchers: readonly Matcher[],
  hints: SelectHints,
  scope: ReadScope,
): Promise<HeadSelection> {
  for (let attempt = 1; ; attempt++) {
    const read = await beginRead(parts, scope);
    try {
      const commit = attempt < ATTEMPTS ? read.commit : ANY_COMMIT;
      const finder = new Finder(parts, read, hints, scope);
      const isWhole = await finder.find(matchers, commit);
      if (isWhole) return await finder.finish();
      read.release();
    } catch (error) {
      read.release();
      throw error;
    }
  }
}

/** One attempt. */
class Finder {
  readonly #parts: StoreParts;
  readonly #read: StoreRead;
  readonly #hints: SelectHints;
  readonly #minTime: number;
  readonly #maxTime: number;
  readonly #maxSeries: number;
  readonly #maxSamples: number;
  /** Most samples that count of a series. */
  readonly #mostOfSeries: number;
  readonly #scope: ReadScope;
  readonly #pacer: Pacer;
  readonly #shards: ShardSelection[] = [];
  /** Places of series that have histograms. */
  readonly #flagged: number[] = [];
  #length = 0;
  /** Whether samples are counted before they are read: there may be too many, or it takes room. */
  readonly #isCounted: boolean;
  /** More than there are; where they are counted mostly not by much. */
  #sampleBound = 0;

  constructor(parts: StoreParts, read: StoreRead, hints: SelectHints, scope: ReadScope) {
    this.#parts = parts;
    this.#read = read;
    this.#hints = hints;
    this.#minTime = Math.max(hints.minTime, read.floor);
    this.#maxTime = hints.maxTime;
    this.#maxSeries = hints.maxSeries ?? Infinity;
    this.#maxSamples = hints.maxSamples ?? Infinity;
    this.#scope = scope;
    this.#pacer = new Pacer(parts.sliceMs);
    const total = parts.head.sampleTotal();
    const isLazy = parts.isLazy && overlapping(read.blocks, hints).length === 0;
    this.#mostOfSeries = mostOfSeries(hints);
    // One of each is known without a look.
    const isOne = this.#mostOfSeries === 1;
    this.#isCounted = !isLazy || (total > this.#maxSamples && !isOne);
    if (!this.#isCounted && !isOne) this.#sampleBound = total;
  }

  /** False when commits went on too fast to show any of them wholly. */
  async find(matchers: readonly Matcher[], commit: number): Promise<boolean> {
    for (const shard of this.#parts.head.shards) {
      const refs = shard.index.select(matchers);
      const caps = new Float64Array(refs.length);
      // Nothing comes before it: commits go on meanwhile.
      if (!(await this.#capture(shard, refs, caps, commit))) return false;
      const sets = shard.index.setsOf(refs);
      let length = 0;
      for (let at = 0; at < refs.length; at++) {
        const cap = caps[at]!;
        // One that is removed in these moments has no label set any more.
        if (cap === cap && sets[at] !== 0 && this.#keeps(shard, refs[at]!, cap)) {
          refs[length] = refs[at]!;
          sets[length] = sets[at]!;
          caps[length++] = Math.min(cap, this.#maxTime);
        }
        if (this.#pacer.due()) await this.#pause();
      }
      this.#shards.push(shortened({ shard, refs, sets, caps }, length));
    }
    return true;
  }

  async #capture(
    { kernel }: ShardAccess,
    refs: Uint32Array,
    caps: Float64Array,
    commit: number,
  ): Promise<boolean> {
    for (let from = 0; from < refs.length; from += PIECE) {
      const to = Math.min(from + PIECE, refs.length);
      const into = caps.subarray(from, to);
      const isWhole = kernel.capture(
        refs.subarray(from, to),
        to - from,
        commit,
        this.#minTime,
        into,
      );
      if (!isWhole) return false;
      if (this.#pacer.dueNow()) await this.#pause();
    }
    return true;
  }

  /** Asks for histograms, and looks closer where there may be too much. */
  async finish(): Promise<HeadSelection> {
    const histograms = await this.#histograms();
    const selection = {
      read: this.#read,
      minTime: this.#minTime,
      shards: this.#shards,
      length: this.#length,
      histograms,
      sampleBound: this.#sampleBound,
    };
    if (this.#sampleBound <= this.#maxSamples) return selection;
    return { ...selection, sampleBound: await this.#count(selection) };
  }

  /** Whether the series has something to be seen; counts it then. */
  #keeps({ kernel }: ShardAccess, ref: number, cap: number): boolean {
    const end = Math.min(cap, this.#maxTime);
    // Fast path: it has what its cap is the time of.
    const isSeen = !this.#isCounted && cap === end;
    const bound = isSeen ? 1 : kernel.count(ref, this.#minTime, end);
    const isFlagged = (kernel.flags(ref) & SERIES_HAS_HISTOGRAMS) !== 0;
    // Up to its cap a series has what its newest chunk begins or ends with. Before, it may have a
    // gap there.
    if (!isFlagged && (bound === 0 || (cap > end && !hasSample(kernel, ref, this.#minTime, end)))) {
      return false;
    }
    if (isFlagged) this.#flagged.push(this.#length);
    if (this.#isCounted || this.#mostOfSeries === 1) {
      this.#sampleBound += Math.min(bound, this.#mostOfSeries);
    }
    this.#length++;
    // Those with histograms count when it is known that they have any.
    if (this.#length - this.#flagged.length > this.#maxSeries) {
      throw new SelectLimitError('series', this.#maxSeries);
    }
    return true;
  }

  async #histograms(): Promise<ReadonlyMap<number, readonly HistogramSample[]>> {
    const found = new Map<number, readonly HistogramSample[]>();
    if (this.#flagged.length === 0) return found;
    const refs = new Uint32Array(this.#flagged.length);
    const caps = new Float64Array(this.#flagged.length);
    for (const [index, place] of this.#flagged.entries()) {
      const { of, at } = this.#locate(place);
      refs[index] = of.refs[at]!;
      caps[index] = of.caps[at]!;
    }
    const columns = await this.#scope.unlessClosed(
      this.#parts.histograms({
        refs,
        caps,
        minTime: this.#minTime,
        maxSamples: this.#maxSamples,
        lookupTimes: this.#hints.lookupTimes,
      }),
    );
    this.#sampleBound += columns.sampleCount;
    const empty = new Set<number>();
    for (const [index, place] of this.#flagged.entries()) {
      const samples = histogramSamples(columns, index);
      if (samples.length > 0) found.set(place, samples);
      else if (!this.#hasFloats(place)) empty.add(place);
    }
    return empty.size > 0 ? this.#without(empty, found) : this.#limited(found);
  }

  #limited<T>(found: T): T {
    if (this.#length > this.#maxSeries) throw new SelectLimitError('series', this.#maxSeries);
    return found;
  }

  #hasFloats(place: number): boolean {
    const { of, at } = this.#locate(place);
    return hasSample(of.shard.kernel, of.refs[at]!, this.#minTime, of.caps[at]!);
  }

  /** Leaves series out that have neither; others move up. */
  #without(
    empty: ReadonlySet<number>,
    found: ReadonlyMap<number, readonly HistogramSample[]>,
  ): ReadonlyMap<number, readonly HistogramSample[]> {
    const moved = new Map<number, readonly HistogramSample[]>();
    let place = 0;
    let kept = 0;
    for (const [index, of] of this.#shards.entries()) {
      const { refs, sets, caps } = of;
      let length = 0;
      for (let at = 0; at < refs.length; at++, place++) {
        if (empty.has(place)) continue;
        const samples = found.get(place);
        if (samples !== undefined) moved.set(kept, samples);
        refs[length] = refs[at]!;
        sets[length] = sets[at]!;
        caps[length++] = caps[at]!;
        kept++;
      }
      this.#shards[index] = shortened(of, length);
    }
    this.#length = kept;
    return this.#limited(moved);
  }

  #locate(place: number): { readonly of: ShardSelection; readonly at: number } {
    let at = place;
    for (const of of this.#shards) {
      if (at < of.refs.length) return { of, at };
      at -= of.refs.length;
    }
    throw new RangeError(`no series ${place} of ${this.#length}`);
  }

  /** Counts exactly. */
  async #count({ shards, histograms }: HeadSelection): Promise<number> {
    let count = 0;
    for (const samples of histograms.values()) count += samples.length;
    const counter = new SampleCounter();
    const lookups = lookupsOf(this.#hints);
    const columns = new SampleColumns();
    for (const { shard, refs, caps } of shards) {
      for (let at = 0; at < refs.length; at++) {
        columns.reset();
        counter.count = 0;
        shard.kernel.read(refs[at]!, this.#minTime, caps[at]!, lookups ? columns : counter);
        lookups?.keepFound(columns, 0);
        count += counter.count + columns.length;
        if (count > this.#maxSamples) throw new SelectLimitError('samples', this.#maxSamples);
        if (this.#pacer.due()) await this.#pause();
      }
    }
    return count;
  }

  async #pause(): Promise<void> {
    await this.#pacer.pause();
    this.#scope.throwIfAborted();
  }
}

/** The blocks that have samples within the times. */
export function overlapping(
  blocks: readonly BlockRef[],
  { minTime, maxTime }: Pick<SelectHints, 'minTime' | 'maxTime'>,
): readonly BlockRef[] {
  return blocks.filter(({ meta }) => meta.maxTime >= minTime && meta.minTime <= maxTime);
}

function shortened({ shard, refs, sets, caps }: ShardSelection, length: number): ShardSelection {
  return {
    shard,
    refs: refs.subarray(0, length),
    sets: sets.subarray(0, length),
    caps: caps.subarray(0, length),
  };
}
