import type { MemoryKind } from '../kernel/index.ts';
import type { Labels, Matcher, Metadata } from '../model/index.ts';
import { messageOf } from '../model/index.ts';
import type { CancelTimer, FolderLock } from '../util/index.ts';
import type {
  Appender,
  AppenderOptions,
  ExemplarSeries,
  Querier,
  SelectedNow,
  SelectHints,
  SelectionSize,
  Storage,
  StorageStats,
  TimeRange,
  WorkerHandle,
} from './api.ts';
import { BatchAppender } from './batch-appender.ts';
import { CommitPath } from './commit-path.ts';
import type { StorageEnvironment } from './environment.ts';
import { StorageClosedError, storageErrorOf } from './errors.ts';
import { OneByOne } from './one-by-one.ts';
import type { StorageOptions } from './options.ts';
import { Pacer } from './pacer.ts';
import { SeriesResolver } from './series-resolver.ts';
import type { StorageCounters } from './storage-counters.ts';
import type { BlockSet } from './block/block-set.ts';
import { withBlocks } from './block/with-blocks.ts';
import { CommitGate } from './compact/commit-gate.ts';
import { Compactor } from './compact/compactor.ts';
import { Cutter } from './compact/cutter.ts';
import { writeSnapshot } from './compact/write-snapshot.ts';
import type { CommitBounds } from './head/commit.ts';
import { findExemplars } from './head/find-exemplars.ts';
import type { FolderWatch } from './folder-watch.ts';
import { HeadStats } from './head/head-stats.ts';
import type { Head } from './head/head.ts';
import { keysInBlocks } from './reader/keys-in-blocks.ts';
import { StoreReading } from './reader/store-reading.ts';
import type { Checkpointer } from './wal/checkpointer.ts';
import type { LogWriter } from './wal/log-writer.ts';
import type { DeleteRecord } from './wal/records.ts';
import { encodeDelete, encodeTruncate } from './wal/records.ts';
import type { Recovery } from './wal/recover.ts';

const STATS_LIMIT = 10;

/** The parts that opening has put together. */
export interface StorageParts {
  readonly options: StorageOptions;
  readonly environment: StorageEnvironment;
  readonly head: Head;
  readonly log: LogWriter;
  readonly checkpointer: Checkpointer;
  readonly blocks: BlockSet;
  readonly lock: FolderLock;
  readonly watch: FolderWatch;
  readonly recovery: Recovery;
}

/** What is new in memory and in a write-ahead log, what is old in blocks; all in one folder. */
export class EmbeddedStorage implements Storage {
  readonly recovery: Recovery;
  readonly #options: StorageOptions;
  readonly #environment: StorageEnvironment;
  readonly #head: Head;
  readonly #log: LogWriter;
  readonly #checkpointer: Checkpointer;
  readonly #lock: FolderLock;
  readonly #watch: FolderWatch;
  readonly #blocks: BlockSet;
  readonly #reading: StoreReading;
  readonly #stats: HeadStats;
  readonly #path: CommitPath;
  readonly #cutter: Cutter;
  readonly #compactor: Compactor;
  /** What changes blocks. */
  readonly #changing = new OneByOne();
  readonly #resolver: SeriesResolver;
  #cancelMaintenance: CancelTimer;
  #closing: Promise<void> | undefined;

  /** Use `openStorage`. */
  constructor(parts: StorageParts) {
    this.recovery = parts.recovery;
    this.#options = parts.options;
    this.#environment = parts.environment;
    this.#head = parts.head;
    this.#log = parts.log;
    this.#checkpointer = parts.checkpointer;
    this.#lock = parts.lock;
    this.#watch = parts.watch;
    this.#blocks = parts.blocks;
    const { head, blocks, environment } = parts;
    this.#reading = new StoreReading({ files: environment.files, head, blocks });
    this.#stats = new HeadStats(parts.head);
    const gate = new CommitGate();
    this.#path = new CommitPath({ ...parts, gate });
    const publish = (): void => this.#reading.publish(parts.head.floor);
    parts.blocks.onChange = publish;
    this.#cutter = new Cutter({
      ...parts,
      gate,
      windowMs: parts.options.out_of_order_window_ms,
      onFloor: publish,
    });
    this.#compactor = new Compactor(parts.environment, parts.blocks, {
      retentionMs: parts.options.retention_ms,
      retentionBytes: parts.options.retention_bytes,
    });
    this.#resolver = new SeriesResolver(parts.head, {
      maxSeries: parts.options.max_series,
      maxSeriesPerSource: parts.options.max_series_per_source,
    });
    this.#cancelMaintenance = this.#scheduleMaintenance();
  }

  appender({ source }: AppenderOptions = {}): Appender {
    return new BatchAppender(
      this.#resolver,
      () => this.#bounds(),
      (commit) => this.#path.commit(commit),
      source,
    );
  }

  querier(): Querier {
    this.#assertOpen();
    return this.#reading.querier();
  }

  selectionSize(matchers: readonly Matcher[], range: TimeRange): SelectionSize | undefined {
    this.#assertOpen();
    return this.#reading.selectionSize(matchers, range);
  }

  selectNow(matchers: readonly Matcher[], hints: SelectHints): SelectedNow | undefined {
    this.#assertOpen();
    return this.#reading.selectNow(matchers, hints);
  }

  seriesNow(
    matchers: readonly Matcher[],
    range: TimeRange,
    maxSeries: number,
  ): readonly Labels[] | undefined {
    this.#assertOpen();
    return this.#reading.seriesNow(matchers, range, maxSeries);
  }

  labelValueCount(name: string, range: TimeRange): number | undefined {
    this.#assertOpen();
    return this.#reading.labelValueCount(name, range);
  }

  workerHandle(): WorkerHandle {
    this.#assertOpen();
    return this.#reading.workerHandle();
  }

  metadata(): ReadonlyMap<string, Metadata> {
    return this.#head.metadata.families;
  }

  exemplars(
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
  ): readonly ExemplarSeries[] {
    return findExemplars(this.#head, matcherLists, range);
  }

  state(keyPrefix: string): ReadonlyMap<string, Uint8Array> {
    return this.#head.state.read(keyPrefix);
  }

  deleteSeries(matchers: readonly Matcher[], range: TimeRange): Promise<number> {
    const record = { matchers, range };
    // Fast path, and in order with commits of the same turn: nothing is in blocks.
    if (this.#changing.pending === undefined && this.#blocks.list().length === 0) {
      return this.#delete(record, new Set());
    }
    return this.#exclusively(async () => {
      const { cache } = this.#reading;
      const touched = await keysInBlocks(this.#blocks.list(), cache, matchers, range);
      const count = await this.#delete(record, touched);
      await this.#blocks.saveTombstones();
      return count;
    });
  }

  stats(limit = STATS_LIMIT): StorageStats {
    const { corruptionCount } = this.recovery;
    const blocks = this.#blocks.list().map(({ meta }) => meta);
    return {
      ...withBlocks(this.#stats.read(limit), blocks),
      corruptionCount: corruptionCount + this.#blocks.damagedCount,
    };
  }

  /** Bytes of the memory for new samples and their labels, by what they hold. */
  memoryByKind(): Readonly<Record<MemoryKind, number>> {
    return this.#head.memoryByKind();
  }

  counters(): StorageCounters {
    const { records, bytes, groups, failedGroups } = this.#log.counters;
    return {
      walRecords: records,
      walBytes: bytes,
      walGroups: groups,
      walFailedGroups: failedGroups,
      folderMissing: this.#watch.isMissing ? 1 : 0,
      walSizeBytes: this.#log.logBytes,
      checkpoints: this.#checkpointer.count,
      failedCheckpoints: this.#checkpointer.failedCount,
      series: this.#head.series.filledCount,
      samples: this.#head.sampleCount,
      chunks: this.#head.chunkCount,
      seriesRefused: this.#resolver.refusedCount,
      exemplarsDropped: this.#head.exemplars.droppedCount,
      blocks: this.#blocks.list().length,
      blockBytes: this.#blocks.sizeBytes,
      sampleMemoryBytes: sampleBytes(this.#head.memoryByKind()),
      memoryRefusals: this.#path.refusedCount,
    };
  }

  checkpoint(): Promise<void> {
    return this.#checkpointer.run();
  }

  cleanTombstones(): Promise<number> {
    return this.#exclusively(async () => {
      const count = await this.#compactor.cleanTombstones();
      // Of the head nothing is hidden, but the log before a checkpoint has it still.
      await this.#checkpointer.run();
      return count;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Takes old samples out to blocks, drops what is older than the retention, and forgets series
   * that are empty and not used any more.
   */
  async maintain(): Promise<void> {
    try {
      await this.#exclusively(() => this.#maintainBlocks());
    } finally {
      await this.#maintainHead();
    }
  }

  /**
   * Makes `snapshots/NAME` in the data folder, which another store can be opened on: blocks are
   * linked, not copied, and a checkpoint holds the rest. Resolves with the name.
   */
  snapshot(): Promise<string> {
    const { data_dir: dataDir } = this.#options;
    return this.#exclusively(() =>
      writeSnapshot(this.#environment, dataDir, {
        head: this.#head,
        log: this.#log,
        blocks: this.#blocks,
      }),
    );
  }

  /** Takes the samples out to blocks that are old enough; the number of new blocks. */
  cut(): Promise<number> {
    return this.#exclusively(() => this.#cutter.run());
  }

  async #maintainBlocks(): Promise<void> {
    const { minTime } = this.#bounds();
    await this.#compactor.dropOld(minTime);
    // The log before a cut repeats what the blocks hold.
    if ((await this.#cutter.run()) > 0) await this.#checkpointer.run();
    await this.#compactor.run();
  }

  async #maintainHead(): Promise<void> {
    const period = this.#resolver.period++;
    const { minTime } = this.#bounds();
    const refs = await this.#idleSeries(minTime, period);
    if (this.#options.retention_ms === 0 && refs.length === 0) return;
    await this.#path.logged(
      (writer) => encodeTruncate(writer, { minTime, refs }),
      () => {
        this.#head.applyTruncate(minTime, refs);
        this.#resolver.forget(refs.filter((ref) => !this.#head.series.has(ref)));
      },
    );
  }

  /** Series without samples at or after a time that nobody has asked for since `period` began. */
  async #idleSeries(minTime: number, period: number): Promise<number[]> {
    const head = this.#head;
    const found: number[] = [];
    const pacer = new Pacer();
    for (const refs of head.series.refs()) {
      for (const ref of refs) {
        const hasNew = head.newestTime(ref) >= minTime;
        if (!hasNew && !this.#resolver.isUsedSince(ref, period)) found.push(ref);
      }
      if (pacer.dueNow()) await pacer.pause();
    }
    return found;
  }

  #delete(record: DeleteRecord, touched: Set<string>): Promise<number> {
    const countBefore = touched.size;
    return this.#path.logged(
      (writer) => encodeDelete(writer, record),
      () => {
        const inHead = this.#head.applyDelete(record.matchers, record.range, (ref) => {
          if (countBefore > 0) touched.add(this.#head.series.labels(ref).key);
        });
        this.#blocks.hide(record);
        return countBefore > 0 ? touched.size : inHead;
      },
    );
  }

  /** Runs one change of blocks after those before it. */
  #exclusively<T>(change: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(new StorageClosedError('the store was closed'));
    }
    return this.#changing.run(change);
  }

  #bounds(): CommitBounds {
    const now = this.#environment.clock.now();
    const { retention_ms, max_future_ms, out_of_order_window_ms } = this.#options;
    return {
      minTime: retention_ms === 0 ? Number.MIN_SAFE_INTEGER : now - retention_ms,
      maxTime: now + max_future_ms,
      windowMs: out_of_order_window_ms,
    };
  }

  #scheduleMaintenance(): CancelTimer {
    return this.#environment.clock.setTimer(this.#options.maintenance_interval_ms, () => {
      this.#cancelMaintenance = this.#scheduleMaintenance();
      this.maintain().catch((error: unknown) => {
        this.#environment.log.warn({ reason: messageOf(error) }, 'old samples were not dropped');
      });
    });
  }

  async #close(): Promise<void> {
    this.#cancelMaintenance();
    this.#reading.close();
    this.#compactor.stop();
    this.#cutter.stop();
    try {
      await this.#changing.pending;
      await this.#reading.ended();
      await this.#reading.cache.close();
      await this.#path.pending;
      await this.#checkpointer.close();
      await this.#log.close();
    } catch (error) {
      throw storageErrorOf('cannot close the store', error);
    } finally {
      await this.#lock.release();
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StorageClosedError('the store was closed');
  }
}

/** What holds samples: tails, chunks, and the times that chunks share. */
function sampleBytes(bytes: Readonly<Record<MemoryKind, number>>): number {
  return bytes.tails + bytes.chunks + bytes.time_blocks;
}
