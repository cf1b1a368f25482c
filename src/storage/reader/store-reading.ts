import { MessageChannel } from 'node:worker_threads';
import type { Labels, Matcher } from '../../model/index.ts';
import type {
  Querier,
  SelectedNow,
  SelectHints,
  SelectionSize,
  TimeRange,
  WorkerHandle,
} from '../api.ts';
import { BlockCache } from '../block/block-cache.ts';
import type { BlockLease } from '../block/block-set.ts';
import type { BlockFiles } from '../block/block.ts';
import { StorageClosedError } from '../errors.ts';
import { nodeFileSystem } from '../file-system.ts';
import { SLICE_MS } from '../pacer.ts';
import { LocalBlockLists } from './block-lists.ts';
import { HeadAccess } from './head-access.ts';
import type { HeadSource } from './head-source.ts';
import { readHistogramColumns } from './histogram-columns.ts';
import { KeptSelections } from './kept-selections.ts';
import type { ConnectMessage } from './messages.ts';
import { SeenLabels } from './seen-labels.ts';
import type { StoreParts } from './store-access.ts';
import { selectHeadNow } from './select-head-now.ts';
import { findSeriesNow } from './find-series-now.ts';
import { headSelectionSize, headValueCount } from './selection-size.ts';
import { StoreConnection } from './store-connection.ts';
import { StoreQuerier } from './store-querier.ts';
import { StoreState } from './store-state.ts';

export interface StoreReadingParts {
  readonly head: HeadSource;
  /** The blocks as they are now, kept until released. */
  readonly blocks: { lease(): BlockLease };
  readonly files: BlockFiles;
  /** Samples before this time are in blocks; default none are. */
  readonly floor?: number;
}

/** Reading the store, on the thread that writes it and on those of its workers. */
export class StoreReading {
  readonly cache: BlockCache;
  readonly #parts: StoreReadingParts;
  readonly #state = new StoreState();
  readonly #local: StoreParts;
  readonly #connections = new Set<StoreConnection>();
  readonly #kept: KeptSelections;
  #blockVersion = 0;

  constructor(parts: StoreReadingParts) {
    const { head, blocks, files, floor = -Infinity } = parts;
    this.#parts = parts;
    this.cache = new BlockCache(files);
    this.#state.publish({ floor, blockVersion: 0 });
    this.#local = {
      head: new HeadAccess(head.shards.map(({ kernel }) => kernel.openReader())),
      seen: new SeenLabels(head.removals),
      state: this.#state,
      blocks: new LocalBlockLists(blocks),
      cache: this.cache,
      histograms: (request) =>
        new Promise((resolve) => resolve(readHistogramColumns(head, request))),
      sliceMs: SLICE_MS,
      isLazy: false,
    };
    this.#kept = new KeptSelections(this.#local.head, head.removals);
  }

  /** For this thread. */
  querier(): Querier {
    this.#assertOpen();
    return new StoreQuerier(this.#local);
  }

  /** As `Queryable.selectionSize`, for this thread. */
  selectionSize(matchers: readonly Matcher[], range: TimeRange): SelectionSize | undefined {
    return this.#isInBlocks(range)
      ? undefined
      : headSelectionSize(this.#local.head, matchers, range);
  }

  /** As `Queryable.selectNow`, for this thread. */
  selectNow(matchers: readonly Matcher[], hints: SelectHints): SelectedNow | undefined {
    if (this.#isInBlocks(hints)) return undefined;
    const matching = this.#kept.of(matchers);
    if (matching === undefined) return undefined;
    return selectHeadNow(this.#local.head, matching, hints, this.#state.read().floor);
  }

  /** As `Queryable.seriesNow`, for this thread. */
  seriesNow(
    matchers: readonly Matcher[],
    range: TimeRange,
    maxSeries: number,
  ): readonly Labels[] | undefined {
    if (this.#isInBlocks(range)) return undefined;
    const minTime = Math.max(range.minTime, this.#state.read().floor);
    return findSeriesNow(this.#local, matchers, { minTime, maxTime: range.maxTime }, maxSeries);
  }

  /** As `Queryable.labelValueCount`, for this thread. */
  labelValueCount(name: string, range: TimeRange): number | undefined {
    return this.#isInBlocks(range) ? undefined : headValueCount(this.#local, name, range);
  }

  /** @throws KernelMemoryError when there are 64 readers, this thread among them. */
  workerHandle(): WorkerHandle {
    this.#assertOpen();
    const { head, blocks, files } = this.#parts;
    const handles = head.shards.map(({ kernel }) => kernel.openReader());
    const { port1, port2 } = new MessageChannel();
    const lease = blocks.lease();
    const version = this.#blockVersion;
    const connection = new StoreConnection({ head, files, port: port1 }, version, lease, () => {
      this.#connections.delete(connection);
      // The thread has gone, in the midst of reading or not.
      for (const [index, { kernel }] of head.shards.entries()) {
        kernel.closeReader(handles[index]!.readerAddress);
      }
    });
    this.#connections.add(connection);
    const message: ConnectMessage = {
      port: port2,
      head: handles,
      removals: head.removals.buffer,
      state: this.#state.buffer,
      blockVersion: version,
      blocks: lease.blocks,
      isOnDisk: files === nodeFileSystem,
    };
    return { message, transfer: [port2] };
  }

  /**
   * To be called after each change of the blocks, of what hides samples in them, or of the floor,
   * in the same turn: from here on all threads see the blocks as they are now, and of the head what
   * is not before `floor`. A cut may drop samples when the reads that began before have ended.
   */
  publish(floor: number): void {
    this.#blockVersion = (this.#blockVersion + 1) >>> 0;
    this.#state.publish({ floor, blockVersion: this.#blockVersion });
    for (const connection of this.#connections) {
      connection.publish(this.#blockVersion, this.#parts.blocks.lease());
    }
    void this.cache.keepOnly(this.#listed());
  }

  /** At once: what begins is refused from now on, in workers also what is under way. */
  close(): void {
    this.#state.close();
    for (const connection of this.#connections) connection.close();
  }

  /** After `close`: resolves when the reads of this thread that were under way have ended. */
  async ended(): Promise<void> {
    await this.#local.head.idle();
  }

  #isInBlocks({ minTime, maxTime }: TimeRange): boolean {
    return this.#listed().some(({ meta }) => meta.maxTime >= minTime && meta.minTime <= maxTime);
  }

  #listed(): BlockLease['blocks'] {
    const lease = this.#parts.blocks.lease();
    lease.release();
    return lease.blocks;
  }

  #assertOpen(): void {
    if (this.#state.isClosed) throw new StorageClosedError('the store was closed');
  }
}
