import type { Matcher } from '../../model/index.ts';
import { SampleColumns } from '../../model/index.ts';
import type { HistogramSample, SelectHints, SeriesSet } from '../api.ts';
import type { Block } from '../block/block.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { ChunkRef } from '../block/index-writer.ts';
import { selectOrdinals } from '../block/select-ordinals.ts';
import { SelectLimitError } from '../errors.ts';
import { Pacer } from '../pacer.ts';
import type { HiddenTimes } from './block-series.ts';
import { Hiding } from './block-series.ts';
import type { FloatColumns } from './copy-selection.ts';
import type { LabelColumns } from './label-columns.ts';
import { LabelColumnsBuilder } from './label-columns.ts';
import { LabelSets } from './label-sets.ts';
import { type Lookups, lookupsOf } from './lookups.ts';
import { NewestTimes } from './newest-times.ts';
import type { GivesUp } from './read-scope.ts';
import { requireRoom } from './require-room.ts';
import { CopiedSeries } from './selected-series.ts';
import type { FloatRun, Part } from './series-merge.ts';
import { SeriesMerge } from './series-merge.ts';

/** Chunks that are read before anything else gets its turn. */
const READ_CHUNKS = 4096;
const NO_HISTOGRAMS: readonly HistogramSample[] = [];

/** What the head has of a selection, copied. */
export interface HeadPart {
  /** In the order in which they were found. */
  readonly labels: LabelColumns;
  readonly floats: FloatColumns;
  readonly histograms: ReadonlyMap<number, readonly HistogramSample[]>;
}

interface WantedChunk {
  readonly series: number;
  readonly chunk: ChunkRef;
  readonly hidden: HiddenTimes;
}

/** Gathers a selection from blocks and the head, series by series. */
export class SelectionMerge {
  readonly #hints: SelectHints;
  readonly #head: HeadPart;
  readonly #scope: GivesUp;
  readonly #sets = new LabelSets();
  readonly #parts: Part[][] = [];
  /** Place in the head of each series. */
  readonly #inHead: number[] = [];
  readonly #samples = new SampleColumns();
  readonly #merge = new SeriesMerge();
  readonly #pacer: Pacer;
  readonly #lookups: Lookups | undefined;
  /** Where no more than the newest sample of a series is looked up. */
  readonly #newest: NewestTimes | undefined;
  /** Of the chunks that are held until they are merged. */
  #packedBytes = 0;

  constructor(head: HeadPart, hints: SelectHints, scope: GivesUp, sliceMs: number) {
    this.#head = head;
    this.#hints = hints;
    this.#scope = scope;
    this.#pacer = new Pacer(sliceMs);
    this.#lookups = lookupsOf(hints);
    this.#newest = this.#lookups?.isOne === true ? new NewestTimes(hints.maxTime) : undefined;
    for (let place = 0; place < head.labels.length; place++) {
      const series = this.#series(head.labels.texts(place));
      this.#inHead[series] = place;
      this.#newest?.addSamples(series, this.#headFloats(place), head.histograms.get(place));
    }
  }

  /** Reads what matches of one block; it must stay open until `finish`. */
  async addBlock(block: Block, ref: BlockRef, matchers: readonly Matcher[]): Promise<void> {
    const { minTime, maxTime } = this.#hints;
    const { columns } = block.index;
    const hiding = new Hiding(ref);
    const wanted: WantedChunk[] = [];
    for (const entry of block.index.entries(selectOrdinals(block.index, matchers))) {
      const chunks = entry.chunks.filter(({ column }) => {
        const times = columns[column]!;
        return times.maxTime >= minTime && times.minTime <= maxTime;
      });
      if (chunks.length > 0) {
        const pairs = block.index.pairs(entry);
        const hidden = hiding.of(pairs);
        const series = this.#series(pairs);
        const needed = this.#newest?.needed(series, chunks, columns, hidden) ?? chunks;
        for (const chunk of needed) wanted.push({ series, chunk, hidden });
      }
      if (this.#pacer.due()) await this.#pause();
    }
    for (let from = 0; from < wanted.length; from += READ_CHUNKS) {
      const some = wanted.slice(from, from + READ_CHUNKS);
      const bodies = await block.readChunks(some.map(({ chunk }) => chunk));
      for (const [index, { series, chunk, hidden }] of some.entries()) {
        const times = await block.times(chunk.column);
        const part = { block, chunk, hidden, times, body: bodies[index]!, cut: ref.meta.cut };
        this.#parts[series]!.push(part);
        this.#packedBytes += part.body.length;
      }
      requireRoom(0, this.#hints, this.#packedBytes);
      if (this.#pacer.dueNow()) await this.#pause();
    }
  }

  async finish(): Promise<SeriesSet> {
    const { maxSeries = Infinity, maxSamples = Infinity, unordered = false } = this.#hints;
    const labels = new LabelColumnsBuilder(true);
    const offsets: number[] = [0];
    const histograms = new Map<number, readonly HistogramSample[]>();
    let histogramCount = 0;
    const into = this.#samples;
    for (let series = 0; series < this.#sets.size; series++) {
      const before = into.length;
      const found = this.#mergeSeries(series);
      if (into.length > before || found.length > 0) {
        if (found.length > 0) histograms.set(labels.length, found);
        histogramCount += found.length;
        labels.addTexts(this.#sets.pairs(series));
        offsets.push(into.length);
        if (labels.length > maxSeries) throw new SelectLimitError('series', maxSeries);
        if (into.length + histogramCount > maxSamples) {
          throw new SelectLimitError('samples', maxSamples);
        }
        requireRoom(into.length, this.#hints, this.#packedBytes);
      }
      if (this.#pacer.due()) await this.#pause();
    }
    const floats = { samples: into, offsets: Float64Array.from(offsets) };
    return new CopiedSeries(labels.build(!unordered), floats, histograms);
  }

  /** Appends the floats of a series to what there is; returns its histograms. */
  #mergeSeries(series: number): readonly HistogramSample[] {
    const parts = this.#parts[series]!;
    const before = this.#samples.length;
    const place = this.#inHead[series] ?? -1;
    const inHead = this.#head.histograms.get(place) ?? NO_HISTOGRAMS;
    this.#merge.floats(parts, this.#hints, this.#samples, this.#headFloats(place));
    this.#lookups?.keepFound(this.#samples, before);
    const histograms = this.#merge.histograms(parts, this.#hints, inHead);
    return this.#lookups?.found(histograms) ?? histograms;
  }

  #series(pairs: readonly string[]): number {
    const series = this.#sets.add(pairs);
    if (series === this.#parts.length) this.#parts.push([]);
    return series;
  }

  #headFloats(place: number): FloatRun | undefined {
    if (place < 0) return undefined;
    const { samples, offsets } = this.#head.floats;
    const { timestamps, words } = samples;
    return { timestamps, words, from: offsets[place]!, to: offsets[place + 1]! };
  }

  async #pause(): Promise<void> {
    await this.#pacer.pause();
    this.#scope.throwIfAborted();
  }
}
