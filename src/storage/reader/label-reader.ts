import { ANY_COMMIT } from '../../kernel/index.ts';
import type { Labels } from '../../model/index.ts';
import type { TimeRange } from '../api.ts';
import type { Block } from '../block/block.ts';
import type { BlockRef } from '../block/block-set.ts';
import { Pacer } from '../pacer.ts';
import type { MatcherLists } from './block-series.ts';
import { eachSeries } from './block-series.ts';
import { DistinctTexts } from './distinct-texts.ts';
import type { ShardAccess } from './head-access.ts';
import { LabelColumnsBuilder } from './label-columns.ts';
import { LabelSets } from './label-sets.ts';
import type { ReadScope } from './read-scope.ts';
import type { StoreParts, StoreRead } from './store-access.ts';
import { IN_DOUBT, SOME_TIME, timeWithin } from './time-within.ts';

/** Series that are looked at before anything else may get its turn. */
const PIECE = 512;

/** Takes a series with the number of its label set. */
type SeriesVisit = (shard: ShardAccess, ref: number, set: number) => void;

/**
 * Looks up labels of series that have a sample within the times, in head and blocks, during one
 * read. What commits bring meanwhile may be there or not.
 */
export class LabelReader {
  readonly #parts: StoreParts;
  readonly #read: StoreRead;
  readonly #lists: MatcherLists;
  readonly #range: TimeRange;
  /** The oldest time to be found in the head. */
  readonly #minTime: number;
  readonly #scope: ReadScope;
  readonly #pacer: Pacer;
  readonly #caps = new Float64Array(PIECE);
  /** Series that only their histograms can have within the times. */
  readonly #doubtful: { readonly shard: ShardAccess; readonly ref: number }[] = [];

  constructor(
    parts: StoreParts,
    read: StoreRead,
    lists: MatcherLists,
    range: TimeRange,
    scope: ReadScope,
  ) {
    this.#parts = parts;
    this.#read = read;
    this.#lists = lists;
    this.#range = range;
    this.#minTime = Math.max(range.minTime, read.floor);
    this.#scope = scope;
    this.#pacer = new Pacer(parts.sliceMs);
  }

  async series(limit?: number): Promise<readonly Labels[]> {
    const { shards } = this.#parts.head;
    const blocks = this.#blocks();
    if (shards.length === 1 && blocks.length === 0) return this.#seriesIn(shards[0]!, limit);
    const isMixed = shards.length > 1 || blocks.length > 0;
    const builder = new LabelColumnsBuilder(isMixed);
    await this.#eachInHead(({ pairs }, _ref, set) => builder.addSet(pairs, set));
    if (blocks.length === 0) return builder.build(true).list(limit);
    const sets = new LabelSets();
    const inHead = builder.build(false);
    for (let place = 0; place < inHead.length; place++) sets.add(inHead.texts(place));
    await this.#eachInBlocks(blocks, (pairs) => {
      const size = sets.size;
      if (sets.add(pairs) === size) builder.addTexts(pairs);
    });
    return builder.build(true).list(limit);
  }

  /** The same series as before have the same list. */
  async #seriesIn({ pairs }: ShardAccess, limit: number | undefined): Promise<readonly Labels[]> {
    const { seen } = this.#parts;
    const asOf = seen.asOf();
    const found: number[] = [];
    await this.#eachInHead((_shard, _ref, set) => found.push(set));
    const sets = Uint32Array.from(found);
    const known = seen.series(sets, asOf);
    if (known !== undefined) return limit === undefined ? known : known.slice(0, limit);
    const builder = new LabelColumnsBuilder(false);
    for (const set of sets) builder.addSet(pairs, set);
    const labels = builder.build(true).list(limit);
    if (labels.length === sets.length) seen.keepSeries(sets, labels, asOf);
    return labels;
  }

  async names(limit?: number): Promise<readonly string[]> {
    const names = new DistinctTexts();
    const addNames: SeriesVisit = ({ pairs }, _ref, set) => {
      for (let count = pairs.readSet(set), at = 0; at < count; at++) {
        names.add(pairs.pairName(pairs.pairNumbers[at]!));
      }
    };
    if (this.#lists.length === 0) {
      for (const shard of this.#parts.head.shards) {
        for (const name of shard.index.names()) {
          if (names.has(name) || name === '') continue;
          for (const value of shard.index.values(name)) {
            if (!value.some((ref) => this.#refIsWithin(shard, ref))) continue;
            names.add(name);
            break;
          }
          if (this.#pacer.due()) await this.#pause();
        }
      }
      await this.#eachDoubtful(addNames);
    } else {
      await this.#eachInHead(addNames);
    }
    await this.#eachInBlocks(this.#blocks(), collectNames(names), ({ index }) => {
      for (const { text } of index.names) names.add(text);
    });
    return names.sorted(limit);
  }

  async values(name: string, limit?: number): Promise<readonly string[]> {
    const values = new DistinctTexts();
    const addValue: SeriesVisit = ({ index }, ref) => {
      const value = index.valueOf(ref, name);
      if (value !== '') values.add(value);
    };
    if (this.#lists.length === 0) {
      const { shards } = this.#parts.head;
      const blocks = this.#blocks();
      for (const shard of shards) {
        const some = await this.#valuesIn(shard, name);
        const isAll = shards.length === 1 && blocks.length + this.#doubtful.length === 0;
        // The same values as before have the same list.
        if (isAll) return limit === undefined ? some : some.slice(0, limit);
        for (const value of some) values.add(value);
      }
      await this.#eachDoubtful(addValue);
    } else {
      await this.#eachInHead(addValue);
    }
    await this.#eachInBlocks(this.#blocks(), collectValues(name, values), ({ index }) => {
      const nameId = index.nameId(name);
      if (nameId !== undefined) for (const value of index.values(nameId)) values.add(value);
    });
    return values.sorted(limit);
  }

  /** The values that a shard has within the times, those that are in doubt left out. */
  async #valuesIn(shard: ShardAccess, name: string): Promise<readonly string[]> {
    const seen = this.#parts.seen.values(shard, name);
    const { maxTime } = this.#range;
    if (seen.areWithin(this.#minTime, maxTime)) return seen.texts;
    const { index } = shard;
    const kept = new Uint8Array(seen.length);
    let time = NaN;
    const isWithin = (ref: number): boolean => {
      time = this.#timeWithin(shard, ref, shard.kernel.newest(ref, this.#minTime));
      return !Number.isNaN(time);
    };
    for (let at = 0; at < seen.length; at++) {
      if (seen.isWithin(at, this.#minTime, maxTime)) {
        kept[at] = 1;
        continue;
      }
      const postings = index.postings(seen.pairs[at]!);
      for (let from = 0; from < postings.count && kept[at] === 0; from += PIECE) {
        if (index.someOf(postings, from, from + PIECE, isWithin)) {
          kept[at] = 1;
          seen.note(at, time === SOME_TIME ? NaN : time);
        } else if (this.#pacer.dueNow()) await this.#pause();
      }
      if (this.#pacer.due()) await this.#pause();
    }
    return seen.part(kept);
  }

  /** Blocks that have something within the times. */
  #blocks(): readonly BlockRef[] {
    const { minTime, maxTime } = this.#range;
    return this.#read.blocks.filter(
      ({ meta }) => meta.maxTime >= minTime && meta.minTime <= maxTime,
    );
  }

  async #eachInHead(visit: SeriesVisit): Promise<void> {
    for (const shard of this.#parts.head.shards) {
      const refs = shard.index.union(this.#lists);
      const sets = shard.index.setsOf(refs);
      for (let from = 0; from < refs.length; from += PIECE) {
        const some = refs.subarray(from, from + PIECE);
        shard.kernel.capture(some, some.length, ANY_COMMIT, this.#minTime, this.#caps);
        for (let at = 0; at < some.length; at++) {
          if (this.#isWithin(shard, some[at]!, this.#caps[at]!)) {
            visit(shard, some[at]!, sets[from + at]!);
          }
        }
        if (this.#pacer.dueNow()) await this.#pause();
      }
    }
    await this.#eachDoubtful(visit);
  }

  /** Visits those of the doubtful series that turn out to have histograms within the times. */
  async #eachDoubtful(visit: SeriesVisit): Promise<void> {
    const doubtful = this.#doubtful.splice(0);
    if (doubtful.length === 0) return;
    const { offsets } = await this.#scope.unlessClosed(
      this.#parts.histograms({
        refs: Uint32Array.from(doubtful, ({ ref }) => ref),
        caps: new Float64Array(doubtful.length).fill(this.#range.maxTime),
        minTime: this.#minTime,
        maxSamples: Infinity,
      }),
    );
    for (const [at, { shard, ref }] of doubtful.entries()) {
      if (!(offsets[at + 1]! > offsets[at]!)) continue;
      const set = shard.index.setsOf(Uint32Array.of(ref))[0]!;
      if (set !== 0) visit(shard, ref, set);
    }
  }

  /** `whole` does for a block of which every series is wanted. */
  async #eachInBlocks(
    blocks: readonly BlockRef[],
    visit: (pairs: readonly string[]) => void,
    whole?: (block: Block) => void,
  ): Promise<void> {
    const wanted = { lists: this.#lists, range: this.#range };
    const { minTime, maxTime } = this.#range;
    for (const ref of blocks) {
      const { meta, tombstones } = ref;
      const isWhole =
        this.#lists.length === 0 &&
        tombstones.length === 0 &&
        meta.minTime >= minTime &&
        meta.maxTime <= maxTime;
      await this.#parts.cache.with(ref, async (block) => {
        if (isWhole && whole !== undefined) whole(block);
        else await eachSeries(block, ref, wanted, this.#scope, visit);
      });
      this.#scope.throwIfAborted();
    }
  }

  #refIsWithin(shard: ShardAccess, ref: number): boolean {
    return this.#isWithin(shard, ref, shard.kernel.newest(ref, this.#minTime));
  }

  #isWithin(shard: ShardAccess, ref: number, newest: number): boolean {
    return !Number.isNaN(this.#timeWithin(shard, ref, newest));
  }

  /** As `timeWithin`; NaN where that is in doubt, which is noted. */
  #timeWithin(shard: ShardAccess, ref: number, newest: number): number {
    const time = timeWithin(shard.kernel, ref, newest, this.#minTime, this.#range.maxTime);
    if (time !== IN_DOUBT) return time;
    this.#doubtful.push({ shard, ref });
    return NaN;
  }

  async #pause(): Promise<void> {
    await this.#pacer.pause();
    this.#scope.throwIfAborted();
  }
}

function collectNames(names: DistinctTexts): (pairs: readonly string[]) => void {
  return (pairs) => {
    for (let at = 0; at < pairs.length; at += 2) names.add(pairs[at]!);
  };
}

function collectValues(name: string, values: DistinctTexts): (pairs: readonly string[]) => void {
  return (pairs) => {
    for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) values.add(pairs[at + 1]!);
  };
}
