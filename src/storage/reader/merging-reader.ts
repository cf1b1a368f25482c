import type { Matcher } from '../../model/index.ts';
import type { SelectHints, TimeRange } from '../api.ts';
import type { BlockCache } from '../block/block-cache.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { Block } from '../block/block.ts';
import { eachSeries } from './block-series.ts';
import { eachLabelSet, LabelSets } from './label-sets.ts';
import type { LabelTableData } from './label-table.ts';
import type { ReadAnswer, ReadRequest } from './protocol.ts';
import { plainMatchers } from './protocol.ts';
import type { ReadSource } from './read-source.ts';
import type { MatcherLists, Reader, SelectAnswer } from './reader.ts';
import { SelectMerge } from './select-merge.ts';
import type { TextTableData } from './text-table.ts';
import { readTextTable, TextTableBuilder } from './text-table.ts';

/**
 * Reads head and blocks as one store: asks the head, on this thread or another, and reads blocks
 * here. Where samples of one series have the same time, the one stored first counts.
 */
export class MergingReader implements Reader {
  readonly #source: ReadSource;
  readonly #cache: BlockCache;

  constructor(source: ReadSource, cache: BlockCache) {
    this.#source = source;
    this.#cache = cache;
  }

  async select(
    matchers: readonly Matcher[],
    hints: SelectHints,
    signal: AbortSignal,
  ): Promise<SelectAnswer> {
    const { minTime, maxTime, maxSamples, maxSeries } = hints;
    const plainHints = {
      minTime,
      maxTime,
      ...(maxSamples === undefined ? {} : { maxSamples }),
      ...(maxSeries === undefined ? {} : { maxSeries }),
    };
    const request = {
      op: 'select' as const,
      matchers: plainMatchers(matchers),
      hints: plainHints,
    };
    return this.#ask(request, hints, signal, async (answer: SelectAnswer, blocks) => {
      if (blocks.length === 0) return answer;
      const merge = new SelectMerge(hints, signal);
      merge.addHead(answer);
      return this.#withOpen(blocks, async (open) => {
        for (const [index, block] of open.entries()) {
          await merge.addBlock(block, blocks[index]!, matchers);
        }
        return merge.finish(answer);
      });
    });
  }

  async series(
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<LabelTableData> {
    const request = { op: 'series' as const, lists: lists.map(plainMatchers), range };
    return this.#ask(request, range, signal, async (answer: LabelTableData, blocks) => {
      if (blocks.length === 0) return answer;
      const sets = new LabelSets();
      eachLabelSet(answer, (pairs) => sets.add(pairs));
      await this.#eachSeries(blocks, lists, range, signal, (pairs) => sets.add(pairs));
      return sets.build(Array.from({ length: sets.size }, (_, ordinal) => ordinal));
    });
  }

  async labelNames(
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<TextTableData> {
    const request = { op: 'labelNames' as const, lists: lists.map(plainMatchers), range };
    return this.#texts(request, lists, range, signal, (pairs, texts) => {
      for (let index = 0; index < pairs.length; index += 2) texts.add(pairs[index]!);
    });
  }

  async labelValues(
    name: string,
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<TextTableData> {
    const plain = lists.map(plainMatchers);
    const request = { op: 'labelValues' as const, name, lists: plain, range };
    return this.#texts(request, lists, range, signal, (pairs, texts) => {
      for (let index = 0; index < pairs.length; index += 2) {
        if (pairs[index] === name) texts.add(pairs[index + 1]!);
      }
    });
  }

  #texts(
    request: ReadRequest,
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
    collect: (pairs: readonly string[], texts: Set<string>) => void,
  ): Promise<TextTableData> {
    return this.#ask(request, range, signal, async (answer: TextTableData, blocks) => {
      if (blocks.length === 0) return answer;
      const texts = new Set(readTextTable(answer));
      await this.#eachSeries(blocks, lists, range, signal, (pairs) => collect(pairs, texts));
      const builder = new TextTableBuilder();
      for (const text of texts) builder.add(text);
      return builder.build();
    });
  }

  async #eachSeries(
    blocks: readonly BlockRef[],
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
    visit: (pairs: readonly string[]) => void,
  ): Promise<void> {
    for (const ref of blocks) {
      await this.#cache.with(ref, (block) => eachSeries(block, ref, lists, range, signal, visit));
    }
  }

  /** Asks the head, then calls `merge` with its answer and the blocks that overlap the times. */
  async #ask<T extends ReadAnswer>(
    request: ReadRequest,
    range: TimeRange,
    signal: AbortSignal,
    merge: (answer: T, blocks: readonly BlockRef[]) => Promise<T>,
  ): Promise<T> {
    const leased = await this.#source.ask(request, signal);
    const { answer, blocks } = leased;
    try {
      await this.#cache.keepOnly(blocks);
      const within = blocks.filter(
        ({ meta }) => meta.maxTime >= range.minTime && meta.minTime <= range.maxTime,
      );
      return await merge(answer as T, within);
    } finally {
      leased.release();
    }
  }

  /** Opens blocks, all at once, while `use` runs. */
  #withOpen<T>(
    blocks: readonly BlockRef[],
    use: (open: readonly Block[]) => Promise<T>,
  ): Promise<T> {
    const next = (open: readonly Block[]): Promise<T> => {
      const ref = blocks[open.length];
      if (ref === undefined) return use(open);
      return this.#cache.with(ref, (block) => next([...open, block]));
    };
    return next([]);
  }
}
