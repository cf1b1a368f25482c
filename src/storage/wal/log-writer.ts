import { messageOf } from '../../model/index.ts';
import type { StorageEnvironment } from '../environment.ts';
import type { StorageError } from '../errors.ts';
import { StorageClosedError, storageErrorOf } from '../errors.ts';
import { ByteWriter } from './byte-writer.ts';
import { CommitEncoder } from './commit-codec.ts';
import { beginRecord, endRecord } from './log-file.ts';
import { Segment, type SegmentPlace } from './segment.ts';

/** What becomes of a record after it was handed over. */
export interface LogEntry {
  /**
   * The record is in the log; called in the order of the log, the next one when this has resolved.
   */
  apply(): void | Promise<void>;
  /** The record is not in the log and never will be. */
  reject(error: StorageError): void;
}

export interface LogWriterOptions {
  /** With durable writes, an entry is applied only after the disk has it. */
  readonly place: SegmentPlace;
  readonly groupCommitMaxMs: number;
  readonly segmentBytes: number;
  /** Called before a group is written; where it rejects, with a StorageError, none of it is. */
  check?(): Promise<void> | undefined;
}

/** Counters for the store's own metrics. */
export interface LogCounters {
  readonly records: number;
  readonly bytes: number;
  readonly groups: number;
  readonly failedGroups: number;
}

/** Writes the body of a record, kind and payload; commits by the encoder of the log. */
export type EncodeRecord = (writer: ByteWriter, commits: CommitEncoder) => void;

interface Group {
  readonly encodes: EncodeRecord[];
  readonly entries: LogEntry[];
  sampleCount: number;
}

interface Barrier {
  readonly reach: () => void;
  readonly reject: (error: StorageError) => void;
}

/** A group of that many records is load: the next one is gathered for a while. */
const LOAD_RECORDS = 16;
/** Nothing is gained by gathering beyond this. */
const GATHER_SAMPLES = 64 * 1024;
/** Applying records pauses after this long, so that sockets get their turn. */
const APPLY_SLICE_MS = 4;
/** A buffer that a burst has made larger than this is not kept. */
const KEPT_BUFFER_BYTES = 8 * 1024 * 1024;

/**
 * Writes records to the log in groups: while one group is written and synced, the next gathers.
 * A lone record is written at once. Entries are applied in the order of the log, each group after
 * it is durable; while it is applied, the next one is already being written.
 *
 * Records are encoded when their group is written, since they may depend on those before: by then
 * it is known which these are, and whether they are in the same segment.
 */
export class LogWriter {
  readonly #environment: StorageEnvironment;
  readonly #options: LogWriterOptions;
  #segment: Segment;
  readonly #commits = new CommitEncoder();
  #pending: Group = newGroup();
  #records = new ByteWriter(64 * 1024);
  #barriers: Barrier[] = [];
  #running: Promise<void> | undefined;
  #closed = false;
  #lastStartMs = -Infinity;
  #lastRecords = 0;
  #bytesSinceBarrier: number;
  /** Groups refused since the last one that was written. */
  #failedInRow = 0;
  readonly #counters = { records: 0, bytes: 0, groups: 0, failedGroups: 0 };

  /** `logBytes` is the size of the log that a checkpoint would replace. */
  constructor(
    environment: StorageEnvironment,
    options: LogWriterOptions,
    segment: Segment,
    logBytes: number,
  ) {
    this.#environment = environment;
    this.#options = options;
    this.#segment = segment;
    this.#bytesSinceBarrier = logBytes;
  }

  get counters(): LogCounters {
    return this.#counters;
  }

  /** Size of the log since the last barrier. */
  get logBytes(): number {
    return this.#bytesSinceBarrier;
  }

  /** Sequence of the segment that is written to. */
  get sequence(): number {
    return this.#segment.sequence;
  }

  /** Adds one record, whose body `encode` writes later, maybe more than once. */
  append(encode: EncodeRecord, entry: LogEntry, sampleCount = 0): void {
    if (this.#closed) {
      entry.reject(new StorageClosedError('cannot write: the store is closed'));
      return;
    }
    this.#pending.encodes.push(encode);
    this.#pending.entries.push(entry);
    this.#pending.sampleCount += sampleCount;
    this.#start();
  }

  /**
   * Calls `onReached` when all records handed over before are written and applied, and a new
   * segment has been begun for those after. @throws StorageError when that cannot be made.
   */
  barrier<T>(onReached: () => T): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new StorageClosedError('cannot write: the store is closed'));
    }
    return new Promise<T>((resolve, reject) => {
      this.#barriers.push({ reach: () => resolve(onReached()), reject });
      this.#start();
    });
  }

  /** Waits for what was handed over, then syncs and closes the segment. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    try {
      await this.#segment.sync();
    } finally {
      await this.#segment.close();
    }
  }

  #start(): void {
    // What the same turn of the event loop commits besides belongs to the group.
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    let written: Group | undefined;
    for (;;) {
      if (this.#barriers.length > 0) {
        await this.#reachBarriers(written);
        written = undefined;
      }
      const group = await this.#takeGroup();
      const writing = group === undefined ? undefined : this.#write(group);
      if (written !== undefined) await this.#applyGroup(written);
      written = undefined;
      if (group === undefined) {
        if (this.#barriers.length > 0 || this.#pending.entries.length > 0) continue;
        break;
      }
      if ((await writing) === true) written = group;
    }
    this.#running = undefined;
  }

  async #takeGroup(): Promise<Group | undefined> {
    if (this.#pending.entries.length === 0) return undefined;
    await this.#gather();
    const group = this.#pending;
    this.#pending = newGroup();
    return group;
  }

  /** Under load, lets records gather, so that a sync serves many; otherwise returns at once. */
  async #gather(): Promise<void> {
    if (this.#lastRecords < LOAD_RECORDS || this.#pending.sampleCount >= GATHER_SAMPLES) return;
    // Real time, whatever the store's clock says: this paces the disk.
    const sinceMs = performance.now() - this.#lastStartMs;
    const waitMs = this.#options.groupCommitMaxMs - sinceMs;
    if (waitMs <= 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, waitMs);
    });
  }

  /** Writes a group; on failure rejects its entries. Never throws. */
  async #write(group: Group): Promise<boolean> {
    this.#lastStartMs = performance.now();
    this.#lastRecords = group.entries.length;
    let sizeBytes: number;
    try {
      const checked = this.#options.check?.();
      if (checked !== undefined) await checked;
      this.#encode(group);
      if (this.#isSegmentFull()) {
        await this.#nextSegment();
        this.#encode(group);
      }
      const records = this.#records.written();
      await this.#segment.append(records);
      sizeBytes = records.length;
    } catch (error) {
      // What was encoded is not in the log: nothing may depend on it.
      this.#commits.restart();
      this.#fail(group, storageErrorOf('cannot write to the log', error));
      return false;
    }
    if (this.#failedInRow > 0) {
      const refusedGroups = this.#failedInRow;
      this.#environment.log.warn({ refusedGroups }, 'the log can be written again');
      this.#failedInRow = 0;
    }
    this.#counters.records += group.entries.length;
    this.#counters.bytes += sizeBytes;
    this.#counters.groups++;
    this.#bytesSinceBarrier += sizeBytes;
    return true;
  }

  #encode({ encodes }: Group): void {
    if (this.#records.bytes.length > KEPT_BUFFER_BYTES) this.#records = new ByteWriter(64 * 1024);
    const records = this.#records;
    records.reset();
    for (const encode of encodes) {
      const start = beginRecord(records);
      encode(records, this.#commits);
      this.#commits.sealed(endRecord(records, start));
    }
  }

  #isSegmentFull(): boolean {
    const { isOld, isEmpty, sizeBytes } = this.#segment;
    const isFull = sizeBytes + this.#records.length > this.#options.segmentBytes;
    return isOld || (isFull && !isEmpty);
  }

  #fail(group: Group, error: StorageError): void {
    this.#counters.failedGroups++;
    // Said once for a run of failures: a full disk is not to be filled with lines that say so.
    if (this.#failedInRow++ === 0) {
      this.#environment.log.error(
        { code: error.code, reason: error.message },
        'the log cannot be written; samples are refused until it can',
      );
    }
    for (const entry of group.entries) entry.reject(error);
  }

  async #applyGroup(group: Group): Promise<void> {
    let sliceStartMs = performance.now();
    for (const entry of group.entries) {
      try {
        const applying = entry.apply();
        if (applying !== undefined) await applying;
      } catch (error) {
        // A bug; the record is in the log all the same, and the next ones must be applied.
        this.#environment.log.error({ reason: messageOf(error) }, 'a log record was not applied');
        entry.reject(storageErrorOf('cannot apply a record', error));
      }
      if (performance.now() - sliceStartMs < APPLY_SLICE_MS) continue;
      await new Promise<void>((resolve) => setImmediate(resolve));
      sliceStartMs = performance.now();
    }
  }

  async #reachBarriers(written: Group | undefined): Promise<void> {
    const barriers = this.#barriers;
    this.#barriers = [];
    if (written !== undefined) await this.#applyGroup(written);
    const before = await this.#takeGroup();
    if (before !== undefined && (await this.#write(before))) await this.#applyGroup(before);
    try {
      await this.#nextSegment();
    } catch (error) {
      const failure = storageErrorOf('cannot begin a new segment of the log', error);
      for (const barrier of barriers) barrier.reject(failure);
      return;
    }
    this.#bytesSinceBarrier = 0;
    for (const barrier of barriers) {
      try {
        barrier.reach();
      } catch (error) {
        barrier.reject(storageErrorOf('cannot look at the store', error));
      }
    }
  }

  async #nextSegment(): Promise<void> {
    const old = this.#segment;
    await old.sync();
    this.#commits.restart();
    this.#segment = await Segment.create(this.#options.place, old.sequence + 1);
    await old.close().catch((error: unknown) => {
      this.#environment.log.warn({ reason: messageOf(error) }, 'a log segment was not closed');
    });
  }
}

function newGroup(): Group {
  return { encodes: [], entries: [], sampleCount: 0 };
}
