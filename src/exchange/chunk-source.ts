import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkMeta, RawChunk } from '../formats/tsdb/index.ts';
import {
  CHUNK_FRAME_BYTES_MAX,
  checkSegmentHeader,
  framedSize,
  readChunk,
  SEGMENT_HEADER_BYTES,
} from '../formats/tsdb/index.ts';

/** Read at once: the chunks of neighbouring series are neighbours in the file. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Reads the chunks of one block, best in the order of their series. */
export class ChunkSource {
  readonly #folder: string;
  #segment: Segment | undefined;

  constructor(blockFolder: string) {
    this.#folder = join(blockFolder, 'chunks');
  }

  /** The chunk, valid until the next is read, and the place that errors name. */
  async read({ segment: number, offset }: ChunkMeta): Promise<ReadChunk> {
    const segment = await this.#open(number);
    const { path } = segment;
    let start = await segment.load(offset, CHUNK_FRAME_BYTES_MAX);
    const size = framedSize(segment.window, start, { file: path, base: offset - start });
    start = await segment.load(offset, size);
    const base = offset - start;
    return { chunk: readChunk(segment.window, start, { file: path, base }), file: path, base };
  }

  async close(): Promise<void> {
    await this.#segment?.handle.close();
    this.#segment = undefined;
  }

  async #open(number: number): Promise<Segment> {
    if (this.#segment?.number === number) return this.#segment;
    await this.close();
    // References count segments from 0, files from 1.
    const path = join(this.#folder, String(number + 1).padStart(6, '0'));
    const handle = await open(path, 'r');
    const segment = new Segment(number, path, handle);
    this.#segment = segment;
    const start = await segment.load(0, SEGMENT_HEADER_BYTES);
    checkSegmentHeader(segment.window.subarray(start), path);
    return segment;
  }
}

export interface ReadChunk {
  readonly chunk: RawChunk;
  readonly file: string;
  /** Offset in the file of the first byte of the chunk's array. */
  readonly base: number;
}

class Segment {
  readonly number: number;
  readonly path: string;
  readonly handle: FileHandle;
  /** A part of the file. */
  window: Uint8Array = new Uint8Array(0);
  #windowOffset = 0;

  constructor(number: number, path: string, handle: FileHandle) {
    this.number = number;
    this.path = path;
    this.handle = handle;
  }

  /**
   * Makes `window` hold `[offset, offset + size)` of the file, or what there is of it, and returns
   * where in the window the offset lies.
   */
  async load(offset: number, size: number): Promise<number> {
    const from = this.#windowOffset;
    if (offset < from || offset + size > from + this.window.length) {
      await this.#loadFrom(offset, Math.max(size, WINDOW_BYTES));
    }
    // Beyond the file's end the window is empty, and what is read next fails there.
    return Math.min(offset - this.#windowOffset, this.window.length);
  }

  async #loadFrom(offset: number, wanted: number): Promise<void> {
    const { size } = await this.handle.stat();
    const buffer = new Uint8Array(Math.max(0, Math.min(wanted, size - offset)));
    const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, offset);
    this.window = buffer.subarray(0, bytesRead);
    this.#windowOffset = offset;
  }
}
