import type { Sealed } from '../../formats/tide/index.ts';
import { BatchColumns, BatchDecoder, decodeSchema } from '../../formats/tide/index.ts';
import type { SealedContent } from './session-output.ts';

/** Columns larger than this are left to the garbage collector. */
const KEPT_SAMPLES_MAX = 2048;
const KEPT_COLUMNS = 2048;
const SAMPLE_BYTES = 20;

/** Opens sealed frames into columns that are used again once their samples are stored. */
export class BatchOpener {
  readonly #decoder = new BatchDecoder();
  readonly #free: BatchColumns[] = [];

  /** What a sealed frame holds. Throws TideFormatError. */
  open({ type, payload, codec }: Sealed): SealedContent<BatchColumns> {
    if (type === 'SCHEMA') return { kind: 'SCHEMA', change: decodeSchema(payload, codec) };
    const body = this.#free.pop() ?? new BatchColumns(256);
    try {
      return { kind: 'BATCH', head: this.#decoder.decode(payload, codec, body), body };
    } catch (error) {
      this.give(body);
      throw error;
    }
  }

  /** A body of its own, to be given back: an answer to READ. Throws TideFormatError. */
  openBody(body: Uint8Array): BatchColumns {
    const columns = new BatchColumns(256);
    this.#decoder.decodeBody(body, columns);
    return columns;
  }

  /** The columns are not looked at any more. */
  give(columns: BatchColumns): void {
    if (columns.seriesIds.length > KEPT_SAMPLES_MAX || this.#free.length >= KEPT_COLUMNS) return;
    columns.reset();
    this.#free.push(columns);
  }
}

/** Memory that content holds until it is stored. */
export function contentBytes(content: SealedContent<BatchColumns>, payloadBytes: number): number {
  const samples = content.kind === 'BATCH' ? content.body.length : 0;
  return payloadBytes + samples * SAMPLE_BYTES;
}
