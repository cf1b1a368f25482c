import { MessageChannel } from 'node:worker_threads';
import type { Matcher, Metadata } from '../model/index.ts';
import { Labels, messageOf } from '../model/index.ts';
import type { CancelTimer } from '../util/index.ts';
import type {
  Appender,
  CommitResult,
  ExemplarSeries,
  Querier,
  Storage,
  StorageStats,
  TimeRange,
  WorkerHandle,
} from './api.ts';
import { BatchAppender } from './batch-appender.ts';
import type { DataLock } from './data-lock.ts';
import type { StorageEnvironment } from './environment.ts';
import { StorageClosedError, storageErrorOf } from './errors.ts';
import type { Commit, CommitBounds } from './head/commit.ts';
import type { Head } from './head/head.ts';
import { headStats } from './head/head-stats.ts';
import { selectSeries } from './head/select-series.ts';
import type { StorageOptions } from './options.ts';
import type { Reader } from './reader/reader.ts';
import type { DeleteRecord } from './wal/records.ts';
import type { ReadSource } from './reader/read-source.ts';
import { LocalSource, MergedSource } from './reader/read-source.ts';
import { MergingReader } from './reader/merging-reader.ts';
import { eachSeries } from './reader/block-series.ts';
import { nodeFileSystem } from './file-system.ts';
import type { BlockMeta } from './block/block-meta.ts';
import type { BlockSet } from './block/block-set.ts';
import { BlockCache } from './block/block-cache.ts';
import { CommitGate } from './compact/commit-gate.ts';
import { Compactor } from './compact/compactor.ts';
import { writeSnapshot } from './compact/write-snapshot.ts';
import { Cutter } from './compact/cutter.ts';
import { HeadReader } from './reader/head-reader.ts';
import { ReaderQuerier } from './reader/reader-querier.ts';
import { ReaderServer } from './reader/reader-server.ts';
import { SeriesResolver } from './series-resolver.ts';
import type { ByteWriter } from './wal/byte-writer.ts';
import type { Checkpointer } from './wal/checkpointer.ts';
import type { LogWriter } from './wal/log-writer.ts';
import { encodeCommit, encodeDelete, encodeTruncate } from './wal/records.ts';
import type { Recovery } from './wal/recover.ts';

const STATS_LIMIT = 10;

/**
 * What the store counts of itself, for the program's own metrics: totals since it was opened unless
 * said otherwise. Costs the same however much is stored.
 */
export interface StorageCounters {
  readonly walRecords: number;
  readonly walBytes: number;
  /** Groups of records written together; with `fsync: group` as many syncs. */
  readonly walGroups: number;
  readonly walFailedGroups: number;
  /** Log that a restart would replay, bytes. */
  readonly walSizeBytes: number;
  readonly checkpoints: number;
  readonly failedCheckpoints: number;
  /** Held now: series with samples, their samples of both kinds, and chunks of these. */
  readonly series: number;
  readonly samples: number;
  readonly chunks: number;
  /** New series refused by `max_series`. */
  readonly seriesRefused: number;
  /** Exemplars refused as duplicates, out of order or bounds, or of an unknown series. */
  readonly exemplarsDropped: number;
  readonly blocks: number;
  /** Size of the blocks on the disk. */
  readonly blockBytes: number;
  /** Memory held for samples, bytes. */
  readonly sampleMemoryBytes: number;
}

/** The parts that opening has put together. */
export interface StorageParts {
  readonly options: StorageOptions;
  readonly environment: StorageEnvironment;
  readonly head: Head;
  readonly log: LogWriter;
  readonly checkpointer: Checkpointer;
  readonly blocks: BlockSet;
  readonly lock: DataLock;
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
  readonly #lock: DataLock;
  readonly #blocks: BlockSet;
  readonly #cache: BlockCache;
  readonly #source: ReadSource;
  readonly #reader: Reader;
  readonly #gate = new CommitGate();
  readonly #cutter: Cutter;
  readonly #compactor: Compactor;
  /** What changes blocks goes one after another. */
  #changing: Promise<unknown> | undefined;
  readonly #resolver: SeriesResolver;
  readonly #servers = new Set<ReaderServer>();
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
    this.#blocks = parts.blocks;
    this.#cache = new BlockCache(parts.environment.files);
    this.#source = new LocalSource(new HeadReader(parts.head), parts.blocks);
    this.#reader = new MergingReader(this.#source, this.#cache);
    this.#cutter = new Cutter({
      ...parts,
      gate: this.#gate,
      windowMs: parts.options.out_of_order_window_ms,
    });
    this.#compactor = new Compactor(parts.environment, parts.blocks, {
      retentionMs: parts.options.retention_ms,
      retentionBytes: parts.options.retention_bytes,
    });
    this.#resolver = new SeriesResolver(parts.head, parts.options.max_series);
    this.#cancelMaintenance = this.#scheduleMaintenance();
  }

  appender(): Appender {
    return new BatchAppender(
      this.#resolver,
      () => this.#bounds(),
      (commit) => this.#commit(commit),
    );
  }

  querier(): Querier {
    this.#assertOpen();
    return new ReaderQuerier(this.#reader);
  }

  workerHandle(): WorkerHandle {
    this.#assertOpen();
    const { port1, port2 } = new MessageChannel();
    // A worker reads blocks itself, where it can get at their files.
    const onDisk = this.#environment.files === nodeFileSystem;
    const source = onDisk ? this.#source : new MergedSource(this.#reader);
    const server = new ReaderServer(source, port1, () => this.#servers.delete(server));
    this.#servers.add(server);
    return { message: { port: port2 }, transfer: [port2] };
  }

  metadata(): ReadonlyMap<string, Metadata> {
    return this.#head.metadata;
  }

  exemplars(
    matcherLists: readonly (readonly Matcher[])[],
    range: TimeRange,
  ): readonly ExemplarSeries[] {
    const { table } = this.#head;
    const wanted = new Set(matcherLists.flatMap((matchers) => selectSeries(table, matchers)));
    const found = new Map<
      number,
      { labels: Labels; exemplars: ExemplarSeries['exemplars'][0][] }
    >();
    for (const { ref, labelPairs, value, timestamp } of this.#head.exemplars.entries()) {
      if (timestamp < range.minTime || timestamp > range.maxTime) continue;
      const series = table.get(ref);
      if (series === undefined || !wanted.has(series)) continue;
      let entry = found.get(series.ref);
      if (entry === undefined) {
        entry = { labels: table.labels(series), exemplars: [] };
        found.set(series.ref, entry);
      }
      entry.exemplars.push({ labelPairs, value, timestamp });
    }
    return [...found.values()].sort((a, b) => a.labels.compare(b.labels));
  }

  state(keyPrefix: string): ReadonlyMap<string, Uint8Array> {
    return this.#head.state.read(keyPrefix);
  }

  deleteSeries(matchers: readonly Matcher[], range: TimeRange): Promise<number> {
    const record = { matchers, range };
    // Fast path, and in order with commits of the same turn: nothing is in blocks.
    if (this.#changing === undefined && this.#blocks.list().length === 0) {
      return this.#delete(record, new Set());
    }
    return this.#exclusively(async () => {
      const touched = await this.#touchedInBlocks(record);
      const count = await this.#delete(record, touched);
      await this.#blocks.saveTombstones();
      return count;
    });
  }

  stats(limit = STATS_LIMIT): StorageStats {
    const { corruptionCount } = this.recovery;
    const head = headStats(this.#head, limit);
    const blocks = this.#blocks.list().map(({ meta }) => meta);
    const sum = (count: (meta: BlockMeta) => number): number =>
      blocks.reduce((total, meta) => total + count(meta), 0);
    const { minTime, maxTime } = timeSpan(head, blocks);
    return {
      ...head,
      chunkCount: head.chunkCount + sum((meta) => meta.chunkCount),
      sampleCount: head.sampleCount + sum((meta) => meta.sampleCount),
      minTime,
      maxTime,
      corruptionCount: corruptionCount + this.#blocks.damagedCount,
    };
  }

  counters(): StorageCounters {
    const { records, bytes, groups, failedGroups } = this.#log.counters;
    return {
      walRecords: records,
      walBytes: bytes,
      walGroups: groups,
      walFailedGroups: failedGroups,
      walSizeBytes: this.#log.logBytes,
      checkpoints: this.#checkpointer.count,
      failedCheckpoints: this.#checkpointer.failedCount,
      series: this.#head.seriesCount,
      samples: this.#head.sampleCount,
      chunks: this.#head.chunks.chunkCount,
      seriesRefused: this.#resolver.refusedCount,
      exemplarsDropped: this.#head.exemplars.droppedCount,
      blocks: this.#blocks.list().length,
      blockBytes: this.#blocks.sizeBytes,
      sampleMemoryBytes: this.#head.chunks.sizeBytes,
    };
  }

  checkpoint(): Promise<void> {
    return this.#checkpointer.run();
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
    const refs: number[] = [];
    for (const series of this.#head.table.all()) {
      const empty = !series.hasSamples || series.newest < minTime;
      if (empty && series.usedInPeriod < period) refs.push(series.ref);
    }
    if (this.#options.retention_ms === 0 && refs.length === 0) return;
    await this.#logged(
      (writer) => encodeTruncate(writer, { minTime, refs }),
      () => this.#head.applyTruncate(minTime, refs),
    );
  }

  #commit(commit: Commit): Promise<CommitResult> {
    const waiting = this.#gate.wait(commit);
    return waiting === undefined
      ? this.#logCommit(commit)
      : waiting.then(() => this.#logCommit(commit));
  }

  #logCommit(commit: Commit): Promise<CommitResult> {
    return this.#logged(
      (writer) => encodeCommit(writer, commit),
      () => this.#head.apply(commit),
    );
  }

  /** Writes a record; when it is in the log, applies it and resolves with the result. */
  #logged<T>(encode: (writer: ByteWriter) => void, apply: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#log.append(encode, {
        apply: () => {
          resolve(apply());
          this.#checkpointer.logGrew();
        },
        reject,
      });
    });
  }

  #delete(record: DeleteRecord, touched: Set<string>): Promise<number> {
    const { table } = this.#head;
    const countBefore = touched.size;
    return this.#logged(
      (writer) => encodeDelete(writer, record),
      () => {
        const inHead = this.#head.applyDelete(record.matchers, record.range, (series) => {
          if (countBefore > 0) touched.add(table.labels(series).key);
        });
        this.#blocks.hide(record);
        return countBefore > 0 ? touched.size : inHead;
      },
    );
  }

  /** Keys of the series that have samples in blocks which the delete will hide. */
  async #touchedInBlocks({ matchers, range }: DeleteRecord): Promise<Set<string>> {
    const keys = new Set<string>();
    const { signal } = new AbortController();
    for (const ref of this.#blocks.list()) {
      const { minTime, maxTime } = ref.meta;
      if (maxTime < range.minTime || minTime > range.maxTime) continue;
      await this.#cache.with(ref, (block) =>
        eachSeries(block, ref, [matchers], range, signal, (pairs) => {
          keys.add(Labels.fromPairs(pairs).key);
        }),
      );
    }
    return keys;
  }

  /** Runs one change of blocks after those before it. */
  #exclusively<T>(change: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(new StorageClosedError('the store was closed'));
    }
    const running = (this.#changing ?? Promise.resolve()).then(change);
    const settled = running.then(
      () => {},
      () => {},
    );
    this.#changing = settled;
    void settled.then(() => {
      if (this.#changing === settled) this.#changing = undefined;
    });
    return running;
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
    for (const server of this.#servers) server.close();
    this.#servers.clear();
    this.#compactor.stop();
    try {
      await this.#changing;
      await this.#cache.close();
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

/** From the oldest to the newest sample of head and blocks. */
function timeSpan(
  head: Pick<StorageStats, 'minTime' | 'maxTime'>,
  blocks: readonly BlockMeta[],
): Pick<StorageStats, 'minTime' | 'maxTime'> {
  if (blocks.length === 0) return head;
  return {
    minTime: Math.min(head.minTime ?? Infinity, ...blocks.map(({ minTime }) => minTime)),
    maxTime: Math.max(head.maxTime ?? -Infinity, ...blocks.map(({ maxTime }) => maxTime)),
  };
}
