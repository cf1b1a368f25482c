import type { BlockMeta } from '../block/block-meta.ts';
import type { BlockSet } from '../block/block-set.ts';
import type { StorageEnvironment } from '../environment.ts';
import { storageErrorOf } from '../errors.ts';
import type { Head } from '../head/head.ts';
import { readHistograms } from '../head/histogram-timeline.ts';
import { timeBounds } from '../head/time-bounds.ts';
import { Pacer } from '../pacer.ts';
import type { LogWriter } from '../wal/log-writer.ts';
import { encodeCut } from '../wal/records.ts';
import { alignToRange, BLOCK_RANGE_MS } from './block-range.ts';
import type { CommitGate } from './commit-gate.ts';
import type { CutTask } from './cut-blocks.ts';
import { runTask } from './run-task.ts';
import { waitForReaders } from './wait-for-readers.ts';

/** The head keeps at least this much besides the window, so that cuts come once in two hours. */
const KEPT_MS = BLOCK_RANGE_MS / 2;

export interface CutterParts {
  readonly environment: StorageEnvironment;
  readonly head: Head;
  readonly log: LogWriter;
  readonly blocks: BlockSet;
  readonly gate: CommitGate;
  readonly windowMs: number;
  /** Tells readers what lies in blocks now; called in the moment in which the head has changed. */
  readonly onFloor: () => void;
}

/**
 * Takes the oldest samples out of the head into blocks. The blocks are durable before a record in
 * the log says that the head need not hold their samples any more; in the moment in which that
 * record is applied the blocks are there for readers and the head's samples are not. A crash
 * before leaves blocks that the log does not know, which opening removes.
 */
export class Cutter {
  readonly #parts: CutterParts;
  readonly #stopping = new AbortController();
  #lastEnd = -Infinity;

  constructor(parts: CutterParts) {
    this.#parts = parts;
  }

  /** No cut begins after, and one under way waits for nobody any more. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Cuts what is older than the kept time; returns the number of new blocks.
   * @throws StorageError
   */
  async run(): Promise<number> {
    const { head, environment, windowMs } = this.#parts;
    const keptMs = Math.max(KEPT_MS, windowMs);
    const now = environment.clock.now();
    // What comes late waits for the next cut: a block for each few of them would be dear.
    if (alignToRange(now - keptMs) <= this.#lastEnd) return 0;
    const { oldest, newest } = await timeBounds(head);
    // Where both are known only roughly: commits go on. What counts is looked at again below.
    const end = alignToRange(Math.min(newest, now) - keptMs);
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
    const { files, clock } = environment;
    const startMs = clock.monotonic();
    const cut = 1 + Math.max(head.cutCount, ...blocks.list().map(({ meta }) => meta.cut));
    // What was committed before the gate closed is in the head after the barrier, and of the times
    // before `end` nothing changes from there on.
    await log.barrier(() => {});
    const { oldest } = await timeBounds(head);
    const metas = await this.#write({ oldest, end, cut });
    try {
      await this.#switchOver(cut, end, metas);
    } catch (error) {
      // The head still has the samples, and the log does not know the blocks.
      for (const { name } of metas) await files.remove(`${blocks.dir}/${name}`).catch(() => {});
      throw error;
    }
    await this.#drop();
    const samples = metas.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    const durationMs = Math.round(clock.monotonic() - startMs);
    environment.log.info({ blocks: metas.length, samples, durationMs }, 'samples went to blocks');
    return metas.length;
  }

  async #write(what: Pick<CutTask, 'oldest' | 'end' | 'cut'>): Promise<readonly BlockMeta[]> {
    const { head, blocks, environment } = this.#parts;
    const shards = head.shards.map(({ kernel }) => kernel.openReader());
    const task: CutTask = {
      kind: 'cut',
      ...what,
      blocksDir: blocks.dir,
      shards,
      histograms: histogramsBefore(head, what.end),
      nowMs: environment.clock.now(),
    };
    try {
      return await runTask(environment.files, task, this.#stopping.signal);
    } finally {
      for (const [number, { kernel }] of head.shards.entries()) {
        kernel.closeReader(shards[number]!.readerAddress);
      }
    }
  }

  /** From one moment to the next, readers find the samples in the blocks and not in the head. */
  #switchOver(cut: number, end: number, metas: readonly BlockMeta[]): Promise<void> {
    const { head, log, blocks, onFloor } = this.#parts;
    return new Promise((resolve, reject) => {
      log.append((writer) => encodeCut(writer, { cut, end }), {
        apply() {
          head.beginCut(cut, end);
          if (metas.length > 0) blocks.add(metas);
          else onFloor();
          resolve();
        },
        reject,
      });
    });
  }

  async #drop(): Promise<void> {
    const { head, onFloor } = this.#parts;
    // They look for the samples where they were.
    if (!(await waitForReaders(head, this.#stopping.signal))) return;
    const pacer = new Pacer();
    for (const refs of head.series.refs()) {
      for (const ref of refs) {
        head.dropCut(ref);
        if (pacer.due()) await pacer.pause();
      }
    }
    head.endCut();
    onFloor();
  }
}

function histogramsBefore(head: Head, end: number): CutTask['histograms'] {
  const found = new Map<number, ReturnType<typeof readHistograms>>();
  for (const ref of head.histogramRefs()) {
    const view = head.histograms(ref);
    const samples = view === undefined ? [] : readHistograms(view, -Infinity, end - 1);
    if (samples.length > 0) found.set(ref, samples);
  }
  return found;
}
