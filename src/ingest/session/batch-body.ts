import type { Sealed } from '../../formats/tide/index.ts';
import { BatchColumns, BatchDecoder, decodeSchema } from '../../formats/tide/index.ts';
import type { SealedContent } from './session-output.ts';

const SAMPLE_BYTES = 20;

/** Opens sealed frames. */
export class BatchOpener {
  readonly #decoder = new BatchDecoder();

  /**
   * What a sealed frame holds; the columns of a batch are to be released once its samples are
   * stored. Throws TideFormatError.
   */
  open({ type, payload, codec }: Sealed): SealedContent<BatchColumns> {
    if (type === 'SCHEMA') return { kind: 'SCHEMA', change: decodeSchema(payload, codec) };
    const body = new BatchColumns(0);
    return { kind: 'BATCH', head: this.#decoder.decode(payload, codec, body), body };
  }

  /** What an answer to READ holds. Throws TideFormatError. */
  openBody(body: Uint8Array): BatchColumns {
    const columns = new BatchColumns(0);
    this.#decoder.decodeBody(body, columns);
    return columns;
  }
}

/** Memory that content holds until it is stored. */
export function contentBytes(content: SealedContent<BatchColumns>, payloadBytes: number): number {
  const samples = content.kind === 'BATCH' ? content.body.length : 0;
  return payloadBytes + samples * SAMPLE_BYTES;
}
