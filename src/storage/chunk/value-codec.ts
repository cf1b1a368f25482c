import { HIGH_WORD, LOW_WORD } from '../../model/index.ts';
import type { ByteReader } from '../wal/byte-reader.ts';
import { RecordFormatError } from '../wal/byte-reader.ts';
import type { ByteWriter } from '../wal/byte-writer.ts';
import { BitColumn } from './bit-column.ts';
import { DecimalForm, isExponent, unscale } from './decimal-form.ts';
import { IntegerColumn } from './integer-column.ts';

/** First byte of a column; docs/formats/chunks.md draws what follows. */
const Form = {
  /** All the same bits. */
  SAME: 0,
  /** Integers over a power of ten. */
  DECIMAL: 1,
  /** The same, and some places that hold other bits. */
  DECIMAL_WITH_EXCEPTIONS: 2,
  /** Differences of the bits. */
  BITS: 3,
} as const;

/** More exceptions than one in so many values are dearer than the bits. */
const VALUES_PER_EXCEPTION = 32;

/**
 * Packs columns of float64, values or times, so that every bit comes back. Holds scratch memory:
 * one codec for one thread, used again and again.
 */
export class ValueCodec {
  readonly #decimal = new DecimalForm();
  readonly #integers = new IntegerColumn();
  readonly #bits = new BitColumn();
  #scratch = new Float64Array(512);

  /** Writes values `[from, to)`, at least one; `words` are the bits of `values`. */
  encode(
    writer: ByteWriter,
    values: Float64Array,
    words: Uint32Array,
    from: number,
    to: number,
  ): void {
    if (allSame(words, from, to)) {
      writer.u8(Form.SAME);
      writer.u32(words[2 * from + LOW_WORD]!);
      writer.u32(words[2 * from + HIGH_WORD]!);
      return;
    }
    const most = 1 + Math.floor((to - from) / VALUES_PER_EXCEPTION);
    if (!this.#decimal.scale(values, from, to, most)) {
      writer.u8(Form.BITS);
      this.#bits.encode(writer, words, from, to);
      return;
    }
    const { exponent, integers, exceptions, exceptionCount } = this.#decimal;
    writer.u8(exceptionCount === 0 ? Form.DECIMAL : Form.DECIMAL_WITH_EXCEPTIONS);
    writer.u8(exponent);
    if (exceptionCount > 0) writer.varint(exceptionCount);
    for (let index = 0; index < exceptionCount; index++) {
      const place = exceptions[index]!;
      writer.varint(place);
      writer.u32(words[2 * (from + place) + LOW_WORD]!);
      writer.u32(words[2 * (from + place) + HIGH_WORD]!);
    }
    this.#integers.encode(writer, integers, to - from);
  }

  /**
   * Reads `length` values into those of `values`, whose bits are `words`, from index `at` on.
   * @throws RecordFormatError where the bytes are no such column.
   */
  decode(
    reader: ByteReader,
    length: number,
    values: Float64Array,
    words: Uint32Array,
    at: number,
  ): void {
    const form = reader.u8();
    switch (form) {
      case Form.SAME:
        fillSame(words, at, at + length, reader.u32(), reader.u32());
        return;
      case Form.DECIMAL:
        this.#decodeDecimal(reader, length, values, at);
        return;
      case Form.DECIMAL_WITH_EXCEPTIONS:
        this.#decodeExceptions(reader, length, values, words, at);
        return;
      case Form.BITS:
        this.#bits.decode(reader, length, words, at);
        return;
      default:
        throw new RecordFormatError(`${form} is no form of a column`);
    }
  }

  #decodeDecimal(reader: ByteReader, length: number, values: Float64Array, at: number): void {
    this.#decodeIntegers(reader, reader.u8(), length, values, at);
  }

  #decodeExceptions(
    reader: ByteReader,
    length: number,
    values: Float64Array,
    words: Uint32Array,
    at: number,
  ): void {
    const exponent = reader.u8();
    const count = reader.count(9);
    const places: number[] = [];
    for (let index = 0; index < count; index++) {
      const place = reader.varint();
      if (place >= length) throw new RecordFormatError(`there is no place ${place} of ${length}`);
      places.push(place, reader.u32(), reader.u32());
    }
    this.#decodeIntegers(reader, exponent, length, values, at);
    for (let index = 0; index < places.length; index += 3) {
      const place = at + places[index]!;
      words[2 * place + LOW_WORD] = places[index + 1]!;
      words[2 * place + HIGH_WORD] = places[index + 2]!;
    }
  }

  #decodeIntegers(
    reader: ByteReader,
    exponent: number,
    length: number,
    values: Float64Array,
    at: number,
  ): void {
    if (!isExponent(exponent)) throw new RecordFormatError(`${exponent} is no exponent`);
    if (this.#scratch.length < length) this.#scratch = new Float64Array(2 * length);
    this.#integers.decode(reader, length, this.#scratch);
    unscale(this.#scratch, length, exponent, values, at);
  }
}

function allSame(words: Uint32Array, from: number, to: number): boolean {
  const first = words[2 * from]!;
  const second = words[2 * from + 1]!;
  for (let index = from + 1; index < to; index++) {
    if (words[2 * index] !== first || words[2 * index + 1] !== second) return false;
  }
  return true;
}

function fillSame(words: Uint32Array, from: number, to: number, low: number, high: number): void {
  for (let index = from; index < to; index++) {
    words[2 * index + LOW_WORD] = low;
    words[2 * index + HIGH_WORD] = high;
  }
}
