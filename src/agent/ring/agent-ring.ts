import type {
  PreviousEpoch,
  RingFill,
  Sealed,
  Stream,
  StreamExtent,
} from '../../formats/tide/index.ts';
import { LANE_LIVE } from '../../formats/tide/index.ts';
import { DiskRing } from './disk-ring.ts';
import { HeldSchemas } from './held-schemas.ts';
import { MemoryRing } from './memory-ring.ts';
import { type RingRecord, recordSize } from './record.ts';
import type { RingFileSystem } from './ring-file-system.ts';

export interface RingOptions {
  readonly epoch: number;
  /** Of this process, as HELLO has it: on disk with what it seals. */
  readonly nonce?: number | undefined;
  /** Memory in front of the disk. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly segmentBytes: number;
  /** Nothing older is kept. */
  readonly maxAgeMs: number;
}

export const DEFAULT_RING_OPTIONS: Omit<RingOptions, 'epoch'> = {
  memoryBytes: 8 * 1024 * 1024,
  diskBytes: 256 * 1024 * 1024,
  segmentBytes: 1024 * 1024,
  maxAgeMs: 7 * 24 * 3_600_000,
};

/** Of an epoch before this one. */
interface Former {
  readonly nonce: number | undefined;
  /** When the newest frame was sealed. */
  readonly sealedMs: number;
  /** The last number, by stream. */
  readonly last: readonly number[];
}

/** Epochs before this one that are told of, at most: what a HELLO may list. */
const PREVIOUS_MAX = 32;
const STREAMS: readonly Stream[] = [0, 1];

/**
 * What the agent sealed, kept after it was acknowledged, so that a collector that lost it can pull
 * it again: the newest in memory, behind it segments on disk. Frames leave by age and by size only.
 *
 *   append -> memory (8 MiB) --flush, once a second--> segments (256 MiB) -> evicted
 *
 * Without a disk the memory is all there is.
 */
export class AgentRing {
  readonly #options: RingOptions;
  #disk: DiskRing | undefined;
  readonly #memory: MemoryRing;
  readonly #schemas = new HeldSchemas();
  /** The schemas on disk are not those held any more. */
  #areThinned = false;
  /** Schemas that left memory before they were on disk: without them nothing behind can be read. */
  #unsavedSchemas: RingRecord[] = [];
  readonly #last: number[] = [0, 0];
  /** The newest time by the agent's clock that a frame is of. */
  #sealedMs = 0;
  /** What the disk had of epochs before. */
  readonly #previous = new Map<number, Former>();
  #flushing: Promise<void> = Promise.resolve();

  private constructor(options: RingOptions, disk: DiskRing | undefined) {
    this.#options = options;
    this.#disk = disk;
    this.#memory = new MemoryRing(disk !== undefined);
    for (const { epoch, nonce, newestMs } of disk?.segments ?? []) {
      if (epoch === options.epoch) continue;
      const former = this.#previous.get(epoch);
      const sealedMs = Math.max(former?.sealedMs ?? 0, newestMs);
      this.#previous.set(epoch, { nonce, sealedMs, last: this.#lastOnDisk(epoch) });
    }
  }

  /** Opens the ring with what earlier epochs left on the disk. */
  static async open(
    options: RingOptions,
    disk?: { readonly fileSystem: RingFileSystem; readonly directory: string },
  ): Promise<AgentRing> {
    return new AgentRing(
      options,
      disk === undefined ? undefined : await DiskRing.open({ ...options, ...disk }),
    );
  }

  /**
   * Takes a frame of this epoch; the numbers of a stream come in order.
   * @param nowMs the newest time by the agent's clock that the frame is of.
   */
  append(sealed: Sealed, nowMs: number): void {
    // Where the clock was set back the time stays: collectors take it for the end of what the epoch
    // had, and the frames from before may be evicted when they are told.
    this.#sealedMs = Math.max(this.#sealedMs, Math.floor(nowMs));
    this.#memory.push({ sealed, sealedMs: this.#sealedMs, sizeBytes: recordSize(sealed) });
    this.#last[sealed.stream] = sealed.seq;
    if (sealed.type === 'SCHEMA') this.#schemas.add(sealed);
    this.#trim(nowMs);
  }

  /**
   * Writes what is not on disk yet and makes it durable, then evicts. Rejects with the disk's
   * error; what could not be written stays in memory and is tried again.
   */
  flush(nowMs: number): Promise<void> {
    const disk = this.#disk;
    if (disk === undefined) return Promise.resolve();
    const flush = async (): Promise<void> => {
      const pending = this.#memory.unsaved();
      const unsaved = this.#unsavedSchemas;
      await disk.writeSchemas(unsaved);
      this.#unsavedSchemas = this.#unsavedSchemas.slice(unsaved.length);
      await disk.write(pending.map(({ record }) => record));
      this.#memory.saved(pending);
      await this.#saveThinned(disk);
      await disk.evict(nowMs);
    };
    this.#flushing = this.#flushing.then(flush, flush);
    return this.#flushing;
  }

  /** The frame if memory holds it. */
  inMemory(stream: Stream, seq: number): Sealed | undefined {
    return this.#memory.find(stream, seq)?.sealed;
  }

  /** The frame from memory or disk; undefined when it is not retained, or damaged. */
  async read(epoch: number, stream: Stream, seq: number): Promise<Sealed | undefined> {
    if (epoch === this.#options.epoch) {
      const held = this.inMemory(stream, seq);
      if (held !== undefined) return held;
    }
    const schema = this.schemas(epoch).find(
      (other) => other.stream === stream && other.seq === seq,
    );
    return schema ?? (await this.#disk?.read(epoch, stream, seq));
  }

  /** The schemas of an epoch, in order, kept as long as any of its batches. */
  schemas(epoch: number): readonly Sealed[] {
    return epoch === this.#options.epoch ? this.#schemas.all : (this.#disk?.schemas(epoch) ?? []);
  }

  /** Those of this epoch with a version above this one. */
  schemasAfter(version: number): readonly Sealed[] {
    return this.#schemas.after(version);
  }

  /** Bytes of the schemas of this epoch. */
  get schemaBytes(): number {
    return this.#schemas.sizeBytes;
  }

  /**
   * Keeps of the schemas that every frame around has left only the series that are `known`: nothing
   * that is held has samples of others.
   */
  thinSchemas(isKnown: (id: number) => boolean): void {
    const extent = this.extents().find(({ stream }) => stream === LANE_LIVE);
    if (extent === undefined) return;
    if (this.#schemas.thin(extent.firstRetained, isKnown)) this.#areThinned = true;
  }

  /** What is held of this epoch, by stream. */
  extents(): StreamExtent[] {
    return STREAMS.map((stream) => {
      const lastSeq = this.#last[stream] ?? 0;
      const first = Math.min(
        this.#memory.first(stream) ?? lastSeq + 1,
        this.#firstOnDisk(this.#options.epoch, stream) ?? lastSeq + 1,
      );
      return { stream, firstRetained: first, lastSeq };
    });
  }

  /** What is held of epochs before this one, oldest first. */
  previous(): PreviousEpoch[] {
    const epochs = [...this.#previous].sort(([a], [b]) => a - b);
    const all = epochs.map(([epoch, { nonce, sealedMs, last }]) => ({
      ...{ epoch, nonce, sealedMs },
      streams: STREAMS.map((stream) => {
        const lastSeq = last[stream] ?? 0;
        const firstRetained = this.#firstOnDisk(epoch, stream) ?? lastSeq + 1;
        return { stream, firstRetained, lastSeq };
      }),
    }));
    if (all.length <= PREVIOUS_MAX) return all;
    // Those of which something is left come first.
    const holds = ({ streams }: PreviousEpoch): boolean =>
      streams.some(({ firstRetained, lastSeq }) => firstRetained <= lastSeq);
    return all.filter(holds).slice(-PREVIOUS_MAX);
  }

  get fill(): RingFill {
    const inMemory = this.#memory.oldest?.record.sealedMs ?? Infinity;
    const oldestMs = Math.min(inMemory, this.#disk?.oldestMs ?? Infinity);
    return {
      usedBytes: this.#disk?.sizeBytes ?? this.#memory.sizeBytes,
      limitBytes: this.#disk === undefined ? this.#options.memoryBytes : this.#options.diskBytes,
      oldestMs: oldestMs === Infinity ? 0 : oldestMs,
    };
  }

  /** The disk is gone: what memory has is all there is from now on. */
  abandonDisk(): void {
    const disk = this.#disk;
    this.#disk = undefined;
    this.#unsavedSchemas = [];
    // What is open has no name any more: closing it frees the space.
    const close = (): Promise<void> | undefined => disk?.close();
    void this.#flushing.then(close, close).catch(() => {});
  }

  /** Writes what is left and closes the files. */
  async close(nowMs: number): Promise<void> {
    await this.flush(nowMs);
    await this.#disk?.close();
  }

  async #saveThinned(disk: DiskRing): Promise<void> {
    if (!this.#areThinned) return;
    this.#areThinned = false;
    try {
      await disk.replaceSchemas(this.#schemas.all);
    } catch (error) {
      this.#areThinned = true;
      throw error;
    }
  }

  #firstOnDisk(epoch: number, stream: Stream): number | undefined {
    for (const segment of this.#disk?.segments ?? []) {
      const first = segment.epoch === epoch ? segment.first(stream) : undefined;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  #lastOnDisk(epoch: number): number[] {
    return STREAMS.map((stream) => {
      let last = 0;
      for (const segment of this.#disk?.segments ?? []) {
        if (segment.epoch === epoch) last = segment.last(stream) ?? last;
      }
      return last;
    });
  }

  #trim(nowMs: number): void {
    const { memoryBytes, maxAgeMs } = this.#options;
    for (;;) {
      const oldest = this.#memory.oldest;
      if (oldest === undefined) return;
      const { record, onDisk } = oldest;
      if (this.#memory.sizeBytes <= memoryBytes && record.sealedMs >= nowMs - maxAgeMs) return;
      const isUnsaved = this.#disk !== undefined && !onDisk;
      if (isUnsaved && record.sealed.type === 'SCHEMA') this.#unsavedSchemas.push(record);
      this.#memory.dropOldest();
    }
  }
}
