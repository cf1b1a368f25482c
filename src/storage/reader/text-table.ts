import { ByteWriter } from '../wal/byte-writer.ts';

/** Texts as two buffers that move between threads without a copy. */
export interface TextTableData {
  /** The texts, one after another, as UTF-8. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Length of each in UTF-16 units. */
  readonly lengths: Uint32Array<ArrayBuffer>;
}

/** Collects different texts and numbers them from 0. */
export class TextTableBuilder {
  readonly #bytes = new ByteWriter();
  #lengths: number[] = [];

  /** Adds a text; returns its number. */
  add(text: string): number {
    this.#bytes.plainText(text);
    return this.#lengths.push(text.length) - 1;
  }

  build(): TextTableData {
    return { bytes: this.#bytes.written().slice(), lengths: Uint32Array.from(this.#lengths) };
  }
}

export function readTextTable(data: TextTableData): string[] {
  const { bytes, lengths } = data;
  // One decoding of everything, cut afterwards, costs a fraction of one for each text.
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  const texts: string[] = [];
  let at = 0;
  for (const length of lengths) {
    texts.push(all.slice(at, at + length));
    at += length;
  }
  return texts;
}
