import { METRIC_NAME, SampleColumns } from '../../model/index.ts';
import type { BlockMeta } from '../block/block-meta.ts';
import { blockName } from '../block/block-names.ts';
import type { BlockSet } from '../block/block-set.ts';
import { BlockWriter } from '../block/block-writer.ts';
import type { StorageEnvironment } from '../environment.ts';
import { storageErrorOf } from '../errors.ts';
import { Capture } from '../head/capture.ts';
import { ChunkRun } from '../head/chunk-run.ts';
import type { Head } from '../head/head.ts';
import type { HistogramView } from '../head/histogram-timeline.ts';
import { readHistograms } from '../head/histogram-timeline.ts';
import type { MemSeries } from '../head/mem-series.ts';
import { oldestTime } from '../head/mem-series.ts';
import { Pacer } from '../pacer.ts';
import type { LogWriter } from '../wal/log-writer.ts';
import { encodeCut } from '../wal/records.ts';
import type { CommitGate } from './commit-gate.ts';

/** Blocks hold what lies between two multiples of this. */
export const BLOCK_RANGE_MS = 2 * 3_600_000;
/** The head keeps at least this much besides the window, so that cuts come once in two hours. */
const KEPT_MS = BLOCK_RANGE_MS / 2;

export interface CutterParts {
  readonly environment: StorageEnvironment;
  readonly head: Head;
  readonly log: LogWriter;
  readonly blocks: BlockSet;
  readonly gate: CommitGate;
  readonly windowMs: number;
}

/**
 * Takes the oldest samples out of the head into blocks. The blocks are durable before a record in
 * the log says that the head need not hold their samples any more; in the moment in which that
 * record is applied the blocks are there for readers and the head's samples are not. A crash
 * before leaves blocks that the log does not know, which opening removes.
 */
export class Cutter {
  readonly #parts: CutterParts;
  #lastEnd = -Infinity;

  constructor(parts: CutterParts) {
    this.#parts = parts;
  }

  /**
   * Cuts what is older than the kept time; returns the number of new blocks.
   * @throws StorageError
   */
  async run(): Promise<number> {
    const { head, environment, windowMs } = this.#parts;
    const { oldest, newest } = await timeBounds(head);
    // Where both are known only roughly: commits go on. What counts is looked at again below.
    const now = Math.min(newest, environment.clock.now());
    const end = alignDown(now - Math.max(KEPT_MS, windowMs));
    // What comes late waits for the next cut: a block for each few of them would be dear.
    if (!(oldest < end) || end <= this.#lastEnd) return 0;
    const { gate } = this.#parts;
    gate.close(end);
    try {
      const count = await this.#cut(end);
      this.#lastEnd = end;
      return count;
    } catch (error) {
      throw storageErrorOf('cannot cut a block', error);
    } finally {
      gate.open();
    }
  }

  async #cut(end: number): Promise<number> {
    const { head, log, blocks, environment } = this.#parts;
    const startMs = environment.clock.monotonic();
    const cut = 1 + Math.max(head.cutCount, ...blocks.list().map(({ meta }) => meta.cut));
    // What was committed before the gate closed is in the head after the barrier.
    const source = await log.barrier(() => new CutSource(head, end));
    const metas: BlockMeta[] = [];
    try {
      await source.prepare();
      for (let from = alignDown(source.oldest); from < end; ) {
        const to = from + BLOCK_RANGE_MS;
        const meta = await this.#writeBlock(source, cut, from, to);
        if (meta !== undefined) metas.push(meta);
        // Late samples may be years away from the others.
        from = alignDown(await source.firstTime(to));
      }
      await this.#switchOver(cut, end, metas);
    } catch (error) {
      // The head still has the samples, and the log does not know the blocks.
      for (const { name } of metas) {
        await environment.files.remove(`${blocks.dir}/${name}`).catch(() => {});
      }
      throw error;
    } finally {
      source.release();
    }
    await this.#drop();
    const samples = metas.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    const durationMs = Math.round(environment.clock.monotonic() - startMs);
    environment.log.info({ blocks: metas.length, samples, durationMs }, 'samples went to blocks');
    return metas.length;
  }

  async #writeBlock(
    source: CutSource,
    cut: number,
    from: number,
    to: number,
  ): Promise<BlockMeta | undefined> {
    const { files, clock } = this.#parts.environment;
    const name = blockName(clock.now());
    const origin = { name, cut, level: 1, sources: [] };
    const writer = await BlockWriter.create(files, this.#parts.blocks.dir, origin);
    try {
      await source.writeTo(writer, from, to);
      return await writer.finish();
    } catch (error) {
      await writer.abandon().catch(() => {});
      throw error;
    }
  }

  /** From one moment to the next, readers find the samples in the blocks and not in the head. */
  #switchOver(cut: number, end: number, metas: readonly BlockMeta[]): Promise<void> {
    const { head, log, blocks } = this.#parts;
    return new Promise((resolve, reject) => {
      log.append((writer) => encodeCut(writer, { cut, end }), {
        apply() {
          head.beginCut(cut, end);
          for (const meta of metas) blocks.add(meta);
          resolve();
        },
        reject,
      });
    });
  }

  async #drop(): Promise<void> {
    const { head } = this.#parts;
    const pacer = new Pacer();
    for (const series of head.table.all()) {
      head.dropCut(series);
      if (pacer.due()) await pacer.pause();
    }
    head.endCut();
  }
}

/** The samples before some time as they were at one moment, series of one metric together. */
class CutSource {
  /** Time of the oldest sample. */
  readonly oldest: number;
  readonly #head: Head;
  readonly #capture: Capture;
  readonly #run: ChunkRun;
  readonly #samples = new SampleColumns();
  #order: number[] = [];

  constructor(head: Head, end: number) {
    this.#head = head;
    const series: MemSeries[] = [];
    let oldest = end;
    for (const each of head.table.all()) {
      const time = each.hasSamples ? oldestTime(head.chunks, each) : Infinity;
      if (time >= end) continue;
      series.push(each);
      oldest = Math.min(oldest, time);
    }
    this.oldest = oldest;
    this.#capture = new Capture(head.chunks, series);
    this.#run = new ChunkRun(head.chunks);
  }

  release(): void {
    this.#capture.release();
  }

  /** Orders series by metric: queries read those of one metric, mostly. */
  async prepare(): Promise<void> {
    const { table } = this.#head;
    const nameId = table.symbols.idOf(METRIC_NAME) ?? -1;
    const byMetric = new Map<string, number[]>();
    const pacer = new Pacer();
    for (const [index, series] of this.#capture.series.entries()) {
      const metric = table.valueOf(series, nameId);
      const group = byMetric.get(metric);
      if (group === undefined) byMetric.set(metric, [index]);
      else group.push(index);
      if (pacer.due()) await pacer.pause();
    }
    this.#order = [...byMetric.values()].flat();
  }

  /** Time of the first sample at or after `time`; Infinity where there is none. */
  async firstTime(time: number): Promise<number> {
    let first = Infinity;
    const pacer = new Pacer();
    for (const index of this.#order) {
      this.#capture.load(index, this.#run);
      first = Math.min(first, this.#run.firstTime(time));
      const view = this.#capture.histograms(index);
      const histogram = view === undefined ? undefined : firstHistogramFrom(view, time);
      if (histogram !== undefined) first = Math.min(first, histogram);
      if (pacer.due()) await pacer.pause();
    }
    return first;
  }

  async writeTo(writer: BlockWriter, from: number, to: number): Promise<void> {
    const pacer = new Pacer();
    for (const index of this.#order) {
      this.#samples.reset();
      this.#capture.load(index, this.#run);
      this.#run.appendTo(from, before(to), this.#samples);
      const view = this.#capture.histograms(index);
      const histograms = view === undefined ? [] : readHistograms(view, from, before(to));
      if (this.#samples.length + histograms.length > 0) {
        const series = this.#capture.series[index]!;
        writer.addSeries(this.#head.table.labels(series).pairs, this.#samples, histograms);
      }
      if (writer.isFull) await writer.flush();
      if (pacer.due()) await pacer.pause();
    }
  }
}

function firstHistogramFrom(view: HistogramView, time: number): number | undefined {
  for (let index = 0; index < view.length; index++) {
    if (view.timestamps[index]! >= time) return view.timestamps[index];
  }
  return undefined;
}

/** The last time before `time`. */
function before(time: number): number {
  return time - 1;
}

function alignDown(time: number): number {
  return Math.floor(time / BLOCK_RANGE_MS) * BLOCK_RANGE_MS;
}

async function timeBounds(head: Head): Promise<{ oldest: number; newest: number }> {
  let oldest = Infinity;
  let newest = -Infinity;
  const pacer = new Pacer();
  for (const series of head.table.all()) {
    if (series.hasSamples) {
      oldest = Math.min(oldest, oldestTime(head.chunks, series));
      newest = Math.max(newest, series.newest);
    }
    if (pacer.due()) await pacer.pause();
  }
  return { oldest, newest };
}
