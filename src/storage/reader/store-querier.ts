import type { Labels, Matcher } from '../../model/index.ts';
import type { Block } from '../block/block.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { Querier, SelectHints, SeriesSet, TimeRange } from '../api.ts';
import type { MatcherLists } from './block-series.ts';
import { addLabels, copyFloats, copyFound } from './copy-selection.ts';
import type { HeadSelection } from './head-selection.ts';
import { overlapping, selectHead } from './head-selection.ts';
import type { LabelColumns } from './label-columns.ts';
import { LabelColumnsBuilder } from './label-columns.ts';
import { LabelReader } from './label-reader.ts';
import { lookupsOf, narrowed } from './lookups.ts';
import { ReadScope } from './read-scope.ts';
import { CopiedSeries, HeadSeries } from './selected-series.ts';
import { requireRoom } from './require-room.ts';
import { SelectionMerge } from './selection-merge.ts';
import type { StoreParts } from './store-access.ts';
import { assertOpen, beginRead } from './store-access.ts';

/**
 * Reads head and blocks as one store, on any thread. Each selection is consistent in itself;
 * commits may come between two. Closing rejects what is pending and frees what is held.
 */
export class StoreQuerier implements Querier {
  readonly #parts: StoreParts;
  readonly #scope = new ReadScope();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async select(matchers: readonly Matcher[], given: SelectHints): Promise<SeriesSet> {
    const hints = narrowed(given);
    const selection = await selectHead(this.#parts, matchers, hints, this.#scope);
    const { read } = selection;
    const blocks = overlapping(read.blocks, hints);
    const isLazy = this.#parts.isLazy && blocks.length === 0;
    try {
      const set = isLazy
        ? new HeadSeries(selection, await this.#labels(selection, hints))
        : await this.#copy(selection, blocks, matchers, hints);
      this.#assertUsable();
      if (!isLazy) read.release();
      return set;
    } catch (error) {
      read.release();
      throw error;
    }
  }

  series(lists: MatcherLists, range: TimeRange, limit?: number): Promise<readonly Labels[]> {
    return this.#lookUp(lists, range, (reader) => reader.series(limit));
  }

  labelNames(lists: MatcherLists, range: TimeRange, limit?: number): Promise<readonly string[]> {
    return this.#lookUp(lists, range, (reader) => reader.names(limit));
  }

  labelValues(
    name: string,
    lists: MatcherLists,
    range: TimeRange,
    limit?: number,
  ): Promise<readonly string[]> {
    return this.#lookUp(lists, range, (reader) => reader.values(name, limit));
  }

  close(): void {
    this.#scope.close();
  }

  async #lookUp<T>(
    lists: MatcherLists,
    range: TimeRange,
    look: (reader: LabelReader) => Promise<T>,
  ): Promise<T> {
    const read = await beginRead(this.#parts, this.#scope);
    try {
      const found = await look(new LabelReader(this.#parts, read, lists, range, this.#scope));
      this.#assertUsable();
      return found;
    } finally {
      read.release();
    }
  }

  async #copy(
    selection: HeadSelection,
    blocks: readonly BlockRef[],
    matchers: readonly Matcher[],
    hints: SelectHints,
  ): Promise<SeriesSet> {
    const isOrdered = blocks.length === 0 && hints.unordered !== true;
    const labels = await this.#build(selection, isOrdered);
    requireRoom(selection.sampleBound, hints);
    const lookups = lookupsOf(hints);
    const floats =
      lookups === undefined
        ? await copyFloats(selection, this.#parts, this.#scope)
        : await copyFound(selection, lookups, this.#parts, this.#scope);
    const { histograms } = selection;
    if (blocks.length === 0) return new CopiedSeries(labels, floats, histograms);
    const head = { labels, floats, histograms };
    const merge = new SelectionMerge(head, hints, this.#scope, this.#parts.sliceMs);
    return this.#withOpen(blocks, async (open) => {
      // From the newest on: what that has may be all that is looked up.
      for (let index = open.length - 1; index >= 0; index--) {
        await merge.addBlock(open[index]!, blocks[index]!, matchers);
      }
      return merge.finish();
    });
  }

  /** Labels in order; undefined where these can wait. */
  async #labels(
    selection: HeadSelection,
    { unordered }: SelectHints,
  ): Promise<LabelColumns | undefined> {
    return unordered === true ? undefined : this.#build(selection, true);
  }

  async #build(selection: HeadSelection, isOrdered: boolean): Promise<LabelColumns> {
    const builder = new LabelColumnsBuilder(selection.shards.length > 1);
    await addLabels(selection, builder, this.#parts, this.#scope);
    return builder.build(isOrdered);
  }

  /** Opens blocks, all at once, while `use` runs. */
  #withOpen<T>(
    blocks: readonly BlockRef[],
    use: (open: readonly Block[]) => Promise<T>,
  ): Promise<T> {
    const next = (open: readonly Block[]): Promise<T> => {
      const ref = blocks[open.length];
      if (ref === undefined) return use(open);
      return this.#parts.cache.with(ref, (block) => next([...open, block]));
    };
    return next([]);
  }

  /**
   * Refuses what was under way when the querier was closed; when the store was, only elsewhere: on
   * its own thread it waits for what reads blocks.
   */
  #assertUsable(): void {
    this.#scope.throwIfAborted();
    if (this.#parts.isLazy) assertOpen(this.#parts.state);
  }
}
