import { ANY_COMMIT } from '../../kernel/index.ts';
import { SampleColumns } from '../../model/index.ts';
import type { Head } from '../head/head.ts';
import type { HeadShard } from '../head/head-shard.ts';
import type { HistogramView } from '../head/histogram-timeline.ts';
import { readHistograms } from '../head/histogram-timeline.ts';
import type { ChunkRecord } from './snapshot-chunks.ts';
import type { SnapshotEnd, SnapshotValues } from './snapshot-codec.ts';

/** Samples that are read and packed at a time: some 100 us. */
const SLICE_SAMPLES = 8 * 1024;
/** Series, likewise. */
const SLICE_SERIES = 256;

/** Some series of one shard, and the newest time of each; NaN for one without samples. */
interface Portion {
  readonly shard: HeadShard;
  readonly refs: Uint32Array;
  readonly caps: Float64Array;
}

/**
 * What the head holds at one moment, to be written while it goes on: which series, and the newest
 * time of each. Late samples that come in afterwards may be written too, and what is deleted
 * afterwards may be missing; both are in the log behind the checkpoint as well, and doing them
 * again ends in the same: what was judged in between was judged by the newest times, which are
 * those of the moment.
 */
export class HeadSnapshot {
  readonly values: SnapshotValues;
  readonly end: Omit<SnapshotEnd, 'seriesCount'>;
  readonly #portions: readonly Portion[];
  readonly #histograms: ReadonlyMap<number, HistogramView>;
  /** Samples before this time are in blocks. */
  readonly #floor: number;

  constructor(head: Head) {
    this.#portions = head.shards.flatMap((shard) => [...portionsOf(shard)]);
    this.#histograms = new Map(viewsOf(head));
    this.values = {
      state: head.state.entries(),
      metadata: [...head.metadata.families],
      exemplars: head.exemplars.entries(),
    };
    this.end = { nextRef: head.series.nextRef, cutCount: head.cutCount };
    this.#floor = head.floor;
  }

  /**
   * Adds all series to the record, some at a time; yields how many after each time, and what the
   * record then holds must be taken from it before the event loop goes on.
   */
  *addTo(record: ChunkRecord): IterableIterator<number> {
    const slices = new Slices(this.#histograms, this.#floor);
    for (const portion of this.#portions) yield* slices.addTo(record, portion);
  }
}

function* portionsOf(shard: HeadShard): IterableIterator<Portion> {
  for (const page of shard.index.refs()) {
    const refs = page.slice();
    const caps = new Float64Array(refs.length);
    shard.reader.capture(refs, refs.length, ANY_COMMIT, -Infinity, caps);
    yield { shard, refs, caps };
  }
}

function* viewsOf(head: Head): IterableIterator<[number, HistogramView]> {
  for (const ref of head.histogramRefs()) {
    const view = head.histograms(ref);
    if (view !== undefined) yield [ref, view];
  }
}

/** Reads and packs samples of some series at a time. */
class Slices {
  readonly #histograms: ReadonlyMap<number, HistogramView>;
  readonly #floor: number;
  readonly #samples = new SampleColumns(SLICE_SAMPLES);
  #refs = new Uint32Array(SLICE_SAMPLES);
  #offsets = new Uint32Array(SLICE_SERIES + 1);

  constructor(histograms: ReadonlyMap<number, HistogramView>, floor: number) {
    this.#histograms = histograms;
    this.#floor = floor;
  }

  *addTo(record: ChunkRecord, portion: Portion): IterableIterator<number> {
    const { refs } = portion;
    if (this.#offsets.length <= refs.length) this.#offsets = new Uint32Array(refs.length + 1);
    for (let from = 0; from < refs.length; ) {
      const to = this.#read(portion, from);
      yield this.#pack(record, portion, from, to);
      from = to;
    }
  }

  #read({ shard, refs, caps }: Portion, from: number): number {
    this.#samples.reset();
    const most = Math.min(refs.length, from + SLICE_SERIES);
    shard.reader.begin();
    try {
      return shard.reader.readMany(
        { refs, caps },
        from,
        most,
        this.#floor,
        this.#samples,
        this.#offsets,
        SLICE_SAMPLES,
      );
    } finally {
      shard.reader.end();
    }
  }

  #pack(record: ChunkRecord, { shard, refs, caps }: Portion, from: number, to: number): number {
    const samples = this.#samples;
    const body = shard.bodyFor(samples.length);
    // Packing does not look at refs.
    if (this.#refs.length < samples.length) this.#refs = new Uint32Array(samples.length);
    const { length, timestamps, values, words } = samples;
    body.setColumns({ length, timestamps, values, words, refs: this.#refs });
    let count = 0;
    for (let index = from; index < to; index++) {
      const ref = refs[index]!;
      // Dropped since the moment of the snapshot, and so empty.
      if (!shard.kernel.hasSeries(ref)) continue;
      const view = this.#histograms.get(ref);
      const histograms = view === undefined ? [] : readHistograms(view, this.#floor, Infinity);
      const range = { from: this.#offsets[index]!, to: this.#offsets[index + 1]! };
      const last = range.to > range.from ? timestamps[range.to - 1]! : -Infinity;
      const newest = this.#goneNewest(
        caps[index]!,
        Math.max(last, histograms.at(-1)?.timestamp ?? -Infinity),
      );
      record.add(ref, shard.index.reader, { body, ...range, histograms, newest });
      count++;
    }
    return count;
  }

  /** The newest time of a series if no sample has it any more; what is in blocks has none. */
  #goneNewest(cap: number, newestSample: number): number | undefined {
    return cap > newestSample && cap >= this.#floor ? cap : undefined;
  }
}
