import { Labels } from '../../model/index.ts';
import type { NewSeries } from '../head/commit.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/**
 * New series of one record. The texts of a series (name, value, …) are told by those of the series
 * before in the record: how many are the same at the same place, then one that is not, and so on.
 * That one is a number of a text of the record in order of first coming, or 0 and the text.
 */
export function encodeNewSeries(writer: ByteWriter, series: readonly NewSeries[]): void {
  new NewSeriesEncoder(writer, series.length).add(series);
}

/** The same in portions. */
export class NewSeriesEncoder {
  readonly #writer: ByteWriter;
  readonly #numbers = new Map<string, number>();
  #before: readonly string[] = [];
  #refBefore = 0;

  /** `count` is how many will be added. */
  constructor(writer: ByteWriter, count: number) {
    this.#writer = writer;
    writer.varint(count);
  }

  add(series: readonly NewSeries[]): void {
    for (const { ref, labels } of series) {
      const distance = (ref - this.#refBefore) | 0;
      this.#writer.varint(((distance << 1) ^ (distance >> 31)) >>> 0);
      this.#addTexts(labels.pairs);
      this.#refBefore = ref;
    }
  }

  #addTexts(pairs: readonly string[]): void {
    const writer = this.#writer;
    const before = this.#before;
    writer.varint(pairs.length);
    let same = 0;
    for (let index = 0; index < pairs.length; index++) {
      const text = pairs[index]!;
      if (text === before[index]) {
        same++;
        continue;
      }
      writer.varint(same);
      same = 0;
      const number = this.#numbers.get(text);
      writer.varint(number ?? 0);
      if (number !== undefined) continue;
      writer.text(text);
      this.#numbers.set(text, this.#numbers.size + 1);
    }
    if (same > 0) writer.varint(same);
    this.#before = pairs;
  }
}

export function decodeNewSeries(reader: ByteReader): NewSeries[] {
  const texts: string[] = [];
  const count = reader.count(2);
  const series: NewSeries[] = [];
  let before: readonly string[] = [];
  let ref = 0;
  for (let number = 0; number < count; number++) {
    const coded = reader.varint();
    ref = (ref + ((coded >>> 1) ^ -(coded & 1))) >>> 0;
    const pairs = decodePairs(reader, before, texts);
    series.push({ ref, labels: Labels.ofSorted(pairs) });
    before = pairs;
  }
  return series;
}

function decodePairs(reader: ByteReader, before: readonly string[], texts: string[]): string[] {
  const length = reader.varint();
  const pairs: string[] = [];
  while (pairs.length < length) {
    const same = reader.varint();
    if (same > 0 && pairs.length + same > Math.min(length, before.length)) {
      throw new RecordFormatError(`${same} texts cannot be those of the series before`);
    }
    for (let left = same; left > 0; left--) pairs.push(before[pairs.length]!);
    if (pairs.length === length) break;
    const number = reader.varint();
    const text = number === 0 ? reader.text() : texts[number - 1];
    if (text === undefined) throw new RecordFormatError(`the record has no text ${number}`);
    if (number === 0) texts.push(text);
    pairs.push(text);
  }
  return pairs;
}
