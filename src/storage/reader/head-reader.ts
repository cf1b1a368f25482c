import type { Matcher } from '../../model/index.ts';
import type { SelectHints, TimeRange } from '../api.ts';
import { SelectLimitError } from '../errors.ts';
import { Capture } from '../head/capture.ts';
import { ChunkRun } from '../head/chunk-run.ts';
import type { Head } from '../head/head.ts';
import { countHistograms, readHistograms } from '../head/histogram-timeline.ts';
import type { MemSeries } from '../head/mem-series.ts';
import { selectSeries } from '../head/select-series.ts';
import { hasSampleWithin } from '../head/series-range.ts';
import { Pacer } from '../pacer.ts';
import { ByteWriter } from '../wal/byte-writer.ts';
import { encodeHistogram } from '../wal/histogram-codec.ts';
import type { LabelTableData } from './label-table.ts';
import { LabelTableBuilder } from './label-table.ts';
import type { HistogramColumns, MatcherLists, Reader, SelectAnswer } from './reader.ts';
import type { TextTableData } from './text-table.ts';
import { TextTableBuilder } from './text-table.ts';

/**
 * Reads the head on its own thread, in slices of a few milliseconds. A selection shows the commits
 * applied before it began, each wholly, and none after; looking labels up takes no such snapshot.
 */
export class HeadReader implements Reader {
  readonly #head: Head;

  constructor(head: Head) {
    this.#head = head;
  }

  async select(
    matchers: readonly Matcher[],
    { minTime, ...rest }: SelectHints,
    signal: AbortSignal,
  ): Promise<SelectAnswer> {
    const hints = { ...rest, minTime: Math.max(minTime, this.#head.floor) };
    const candidates = selectSeries(this.#head.table, matchers).filter(
      (series) => series.hasSamples && series.newest >= hints.minTime,
    );
    const selection = new Selection(this.#head, candidates, hints);
    try {
      await selection.count(signal);
      return await selection.copy(signal);
    } finally {
      selection.release();
    }
  }

  async series(
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<LabelTableData> {
    const builder = new LabelTableBuilder(this.#head.table);
    await this.#each(this.#union(lists), range, signal, (series) => builder.add(series));
    return builder.build();
  }

  async labelNames(
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<TextTableData> {
    const { table } = this.#head;
    const builder = new TextTableBuilder();
    if (lists.length === 0) {
      const pacer = new Pacer();
      for (const nameId of [...table.postings.names()]) {
        // Before the pauses inside, after which the number may stand for another text.
        const name = table.symbols.text(nameId);
        if (name !== '' && (await this.#anyHasSample(nameId, range, pacer))) builder.add(name);
        signal.throwIfAborted();
      }
      return builder.build();
    }
    const names = new Set<string>();
    await this.#each(this.#union(lists), range, signal, (series) => {
      for (const [name] of table.labels(series)) names.add(name);
    });
    for (const name of names) builder.add(name);
    return builder.build();
  }

  async labelValues(
    name: string,
    lists: MatcherLists,
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<TextTableData> {
    const { table } = this.#head;
    const values = new Set<string>();
    const nameId = table.symbols.idOf(name);
    const valueRefs = nameId === undefined ? undefined : table.postings.values(nameId);
    if (valueRefs !== undefined && lists.length === 0) {
      const pacer = new Pacer();
      for (const [valueId, refs] of [...valueRefs]) {
        const value = table.symbols.text(valueId);
        if (this.#oneHasSample(refs, range)) values.add(value);
        if (pacer.due()) await pacer.pause();
        signal.throwIfAborted();
      }
    } else if (valueRefs !== undefined) {
      await this.#each(this.#union(lists), range, signal, (series) => {
        const value = table.labels(series).get(name);
        if (value !== '') values.add(value);
      });
    }
    const builder = new TextTableBuilder();
    for (const value of values) builder.add(value);
    return builder.build();
  }

  #union(lists: MatcherLists): Iterable<MemSeries> {
    const { table } = this.#head;
    const only = lists[0];
    if (only === undefined) return [...table.all()];
    if (lists.length === 1) return selectSeries(table, only);
    return new Set(lists.flatMap((matchers) => selectSeries(table, matchers)));
  }

  /** Calls `visit` for each of the series that has a sample within the times. */
  async #each(
    seriesList: Iterable<MemSeries>,
    range: TimeRange,
    signal: AbortSignal,
    visit: (series: MemSeries) => void,
  ): Promise<void> {
    const pacer = new Pacer();
    for (const series of seriesList) {
      if (hasSampleWithin(this.#head, series, range)) visit(series);
      if (pacer.due()) await pacer.pause();
      signal.throwIfAborted();
    }
  }

  async #anyHasSample(nameId: number, range: TimeRange, pacer: Pacer): Promise<boolean> {
    for (const refs of [...(this.#head.table.postings.values(nameId)?.values() ?? [])]) {
      if (this.#oneHasSample(refs, range)) return true;
      if (pacer.due()) await pacer.pause();
    }
    return false;
  }

  #oneHasSample(refs: number | readonly number[], range: TimeRange): boolean {
    for (const ref of typeof refs === 'number' ? [refs] : refs) {
      const series = this.#head.table.get(ref);
      if (series !== undefined && hasSampleWithin(this.#head, series, range)) return true;
    }
    return false;
  }
}

/** One selection on its way: captured at once, counted and copied in slices. */
class Selection {
  readonly #head: Head;
  readonly #hints: SelectHints;
  readonly #capture: Capture;
  readonly #run: ChunkRun;
  /** Places in the capture of the series that have a sample within the times. */
  readonly #kept: number[] = [];
  readonly #counts: number[] = [];
  #floatCount = 0;
  #histogramCount = 0;

  constructor(head: Head, candidates: readonly MemSeries[], hints: SelectHints) {
    this.#head = head;
    this.#hints = hints;
    this.#capture = new Capture(head.chunks, candidates);
    this.#run = new ChunkRun(head.chunks);
  }

  release(): void {
    this.#capture.release();
  }

  /** Counts samples, so that limits hold before anything is copied. */
  async count(signal: AbortSignal): Promise<void> {
    const { minTime, maxTime, maxSeries = Infinity, maxSamples = Infinity } = this.#hints;
    const pacer = new Pacer();
    for (let index = 0; index < this.#capture.series.length; index++) {
      this.#capture.load(index, this.#run);
      const floats = this.#run.count(minTime, maxTime);
      const view = this.#capture.histograms(index);
      const histograms = view === undefined ? 0 : countHistograms(view, minTime, maxTime);
      if (floats + histograms > 0) {
        this.#kept.push(index);
        this.#counts.push(floats);
        this.#floatCount += floats;
        this.#histogramCount += histograms;
        if (this.#kept.length > maxSeries) throw new SelectLimitError('series', maxSeries);
        if (this.#floatCount + this.#histogramCount > maxSamples) {
          throw new SelectLimitError('samples', maxSamples);
        }
      }
      if (pacer.due()) await pacer.pause();
      signal.throwIfAborted();
    }
  }

  async copy(signal: AbortSignal): Promise<SelectAnswer> {
    const { minTime, maxTime } = this.#hints;
    const labels = new LabelTableBuilder(this.#head.table);
    const sampleOffsets = new Float64Array(this.#kept.length + 1);
    const timestamps = new Float64Array(this.#floatCount);
    const values = new Float64Array(this.#floatCount);
    const words = new Uint32Array(values.buffer);
    const pacer = new Pacer();
    let at = 0;
    for (const [position, index] of this.#kept.entries()) {
      labels.add(this.#capture.series[index]!);
      if (this.#counts[position]! > 0) {
        this.#capture.load(index, this.#run);
        at = this.#run.copyTo(minTime, maxTime, timestamps, words, at);
      }
      sampleOffsets[position + 1] = at;
      if (pacer.due()) await pacer.pause();
      signal.throwIfAborted();
    }
    const histograms = this.#histogramCount > 0 ? this.#copyHistograms() : undefined;
    return { labels: labels.build(), sampleOffsets, timestamps, values, histograms };
  }

  #copyHistograms(): HistogramColumns {
    const { minTime, maxTime } = this.#hints;
    const offsets = new Float64Array(this.#kept.length + 1);
    const writer = new ByteWriter();
    for (const [position, index] of this.#kept.entries()) {
      const view = this.#capture.histograms(index);
      if (view !== undefined) {
        for (const { timestamp, histogram } of readHistograms(view, minTime, maxTime)) {
          writer.f64(timestamp);
          encodeHistogram(writer, histogram);
        }
      }
      offsets[position + 1] = writer.length;
    }
    return { offsets, bytes: writer.written().slice() };
  }
}
