import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../util/index.ts';
import type { BlockMeta, ChunkMeta, EncodedChunk } from '../formats/tsdb/index.ts';
import {
  BigEndianWriter,
  CHUNK_FRAME_BYTES_MAX,
  formatBlockMeta,
  SEGMENT_BYTES_MAX,
  writeChunk,
  writeSegmentHeader,
  writeTombstones,
} from '../formats/tsdb/index.ts';

/** Chunks are gathered up to that size before they go to the file. */
const BUFFER_BYTES = 1024 * 1024;

/**
 * Writes one block folder. It has a name that nobody takes for a block until everything in it is
 * on the disk; then it is renamed.
 */
export class BlockWriter {
  readonly #directory: string;
  readonly #folder: string;
  readonly #ulid: string;
  readonly #buffer = new BigEndianWriter(BUFFER_BYTES + 64 * 1024);
  readonly #segmentBytesMax: number;
  #segment: FileHandle | undefined;
  /** Number of the open segment file, from 0. */
  #segmentNumber = -1;
  /** Bytes of the open segment file that the buffer has already given away. */
  #flushedBytes = 0;

  private constructor(directory: string, ulid: string, segmentBytesMax: number) {
    this.#directory = directory;
    this.#ulid = ulid;
    this.#folder = join(directory, `${ulid}.tmp-for-creation`);
    this.#segmentBytesMax = segmentBytesMax;
  }

  /** @param segmentBytesMax Size at which the next file of chunks is begun. */
  static async create(
    directory: string,
    ulid: string,
    segmentBytesMax = SEGMENT_BYTES_MAX,
  ): Promise<BlockWriter> {
    const writer = new BlockWriter(directory, ulid, segmentBytesMax);
    makeFolder(join(writer.#folder, 'chunks'));
    return writer;
  }

  /** Adds a chunk and says where it lies. Chunks are added in the order of their series. */
  async addChunk(chunk: EncodedChunk): Promise<ChunkMeta> {
    const position = this.#flushedBytes + this.#buffer.length;
    const size = chunk.data.length + CHUNK_FRAME_BYTES_MAX;
    if (this.#segment === undefined || position + size > this.#segmentBytesMax) {
      await this.#nextSegment();
    }
    const offset = this.#flushedBytes + this.#buffer.length;
    writeChunk(this.#buffer, chunk);
    if (this.#buffer.length >= BUFFER_BYTES) await this.#flush();
    const { minTime, maxTime } = chunk;
    return { minTime, maxTime, segment: this.#segmentNumber, offset };
  }

  /** Writes the rest and gives the block its name. */
  async finish(index: Uint8Array, meta: Omit<BlockMeta, 'ulid' | 'downsampleMs'>): Promise<void> {
    await this.#closeSegment();
    await syncDirectory(join(this.#folder, 'chunks'));
    await writeSynced(join(this.#folder, 'index'), index);
    await writeSynced(join(this.#folder, 'tombstones'), writeTombstones(new Map()));
    const text = formatBlockMeta({ ...meta, ulid: this.#ulid, downsampleMs: 0 });
    await writeSynced(join(this.#folder, 'meta.json'), Buffer.from(text));
    await syncDirectory(this.#folder);
    await rename(this.#folder, join(this.#directory, this.#ulid));
    await syncDirectory(this.#directory);
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await this.#segment?.close();
    this.#segment = undefined;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #nextSegment(): Promise<void> {
    await this.#closeSegment();
    this.#segmentNumber++;
    this.#flushedBytes = 0;
    const name = String(this.#segmentNumber + 1).padStart(6, '0');
    this.#segment = await open(join(this.#folder, 'chunks', name), 'wx');
    writeSegmentHeader(this.#buffer);
  }

  async #closeSegment(): Promise<void> {
    if (this.#segment === undefined) return;
    await this.#flush();
    await this.#segment.datasync();
    await this.#segment.close();
    this.#segment = undefined;
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.written();
    await this.#segment?.writeFile(bytes);
    this.#flushedBytes += bytes.length;
    this.#buffer.reset();
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a folder durable. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
