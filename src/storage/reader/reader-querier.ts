import type { Labels, Matcher } from '../../model/index.ts';
import { compareUtf8 } from '../../util/index.ts';
import type { Querier, SelectHints, SeriesSet, TimeRange } from '../api.ts';
import { StorageClosedError } from '../errors.ts';
import { ColumnSeriesSet } from './column-series-set.ts';
import { LabelTable } from './label-table.ts';
import type { MatcherLists, Reader } from './reader.ts';
import type { TextTableData } from './text-table.ts';
import { readTextTable } from './text-table.ts';

/**
 * A querier over a reader of this or another thread. Each selection is consistent in itself;
 * commits may come between two selections. Closing rejects what is pending.
 */
export class ReaderQuerier implements Querier {
  readonly #reader: Reader;
  readonly #closing = new AbortController();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    const answer = await this.#open((signal) => this.#reader.select(matchers, hints, signal));
    return new ColumnSeriesSet(answer);
  }

  async series(
    matcherLists: MatcherLists,
    range: TimeRange,
    limit?: number,
  ): Promise<readonly Labels[]> {
    const data = await this.#open((signal) => this.#reader.series(matcherLists, range, signal));
    return new LabelTable(data).list(limit);
  }

  async labelNames(
    matcherLists: MatcherLists,
    range: TimeRange,
    limit?: number,
  ): Promise<readonly string[]> {
    const data = await this.#open((signal) => this.#reader.labelNames(matcherLists, range, signal));
    return sortedTexts(data, limit);
  }

  async labelValues(
    name: string,
    matcherLists: MatcherLists,
    range: TimeRange,
    limit?: number,
  ): Promise<readonly string[]> {
    const data = await this.#open((signal) =>
      this.#reader.labelValues(name, matcherLists, range, signal),
    );
    return sortedTexts(data, limit);
  }

  close(): void {
    this.#closing.abort(new StorageClosedError('the querier was closed'));
  }

  async #open<T>(read: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const answer = await read(signal);
    signal.throwIfAborted();
    return answer;
  }
}

function sortedTexts(data: TextTableData, limit: number | undefined): string[] {
  const texts = readTextTable(data).sort(compareUtf8);
  return limit === undefined ? texts : texts.slice(0, limit);
}
