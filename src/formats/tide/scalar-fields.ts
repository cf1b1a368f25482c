import { type ByteWriter, wordAt } from '../../util/index.ts';
import { WIRE_FIXED64, WIRE_LENGTH, WIRE_VARINT } from '../protobuf/wire-reader.ts';
import type { Field } from './message-fields.ts';
import { bytesEnd, textUpTo, uintUpTo } from './reading.ts';
import type { Hash64 } from './schema-change.ts';
import { SIGNED_MAX, unzigzag, zigzag } from './words.ts';

/** Writes what stands before a value: its tag and its wire type. */
export function writeKey(writer: ByteWriter, tag: number, wire: number): void {
  writer.uint(tag * 8 + wire);
}

/** A whole number from 0 to `max`. */
export function uint<T extends number = number>(
  tag: number,
  max: number = Number.MAX_SAFE_INTEGER,
): Field<T> {
  return {
    tag,
    wire: WIRE_VARINT,
    initial: 0 as T,
    write(writer, value) {
      if (value === 0) return;
      writeKey(writer, tag, WIRE_VARINT);
      writer.uint(value);
    },
    read: (source) => uintUpTo(source, max, `field ${tag}`) as T,
  };
}

/** A whole number of either sign, up to 2^52 - 1. */
export function signed(tag: number): Field<number> {
  return {
    tag,
    wire: WIRE_VARINT,
    initial: 0,
    write(writer, value) {
      if (value === 0) return;
      writeKey(writer, tag, WIRE_VARINT);
      writer.uint(zigzag(value));
    },
    read: (source) => unzigzag(uintUpTo(source, 2 * SIGNED_MAX, `field ${tag}`)),
  };
}

/** True or false; false is the default. */
export function flag(tag: number): Field<boolean> {
  const inner = uint(tag, 1);
  return {
    tag,
    wire: WIRE_VARINT,
    initial: false,
    write: (writer, value) => inner.write(writer, value ? 1 : 0),
    read: (source) => inner.read(source, 0) === 1,
  };
}

/** One of the names, by its place; the first is the default. */
export function oneOf<T extends string>(tag: number, names: readonly [T, ...T[]]): Field<T> {
  const inner = uint(tag, names.length - 1);
  return {
    tag,
    wire: WIRE_VARINT,
    initial: names[0],
    write: (writer, value) => inner.write(writer, names.indexOf(value)),
    read: (source) => names[inner.read(source, 0)]!,
  };
}

/** UTF-8 of at most `maxBytes`; of at least `minBytes`, where it must be there. */
export function text(tag: number, maxBytes: number, minBytes = 0): Field<string> {
  return {
    tag,
    wire: WIRE_LENGTH,
    initial: '',
    write(writer, value) {
      if (value === '') return;
      writeKey(writer, tag, WIRE_LENGTH);
      const bytes = Buffer.from(value);
      writer.uint(bytes.length);
      writer.bytes(bytes);
    },
    read: (source) => textUpTo(source, maxBytes, `field ${tag}`),
    check: (value) => (value.length >= minBytes ? undefined : 'missing'),
  };
}

/** Bytes; what is read is a view. */
export function bytes(tag: number, maxBytes: number): Field<Uint8Array> {
  return {
    tag,
    wire: WIRE_LENGTH,
    initial: new Uint8Array(0),
    write(writer, value) {
      if (value.length === 0) return;
      writeKey(writer, tag, WIRE_LENGTH);
      writer.uint(value.length);
      writer.bytes(value);
    },
    read(source) {
      const end = bytesEnd(source, maxBytes, `field ${tag}`);
      const start = source.position;
      source.position = end;
      return source.bytes.subarray(start, end);
    },
  };
}

/** A finite float64. */
export function double(tag: number): Field<number> {
  return {
    tag,
    wire: WIRE_FIXED64,
    initial: 0,
    write(writer, value) {
      if (value === 0) return;
      writeKey(writer, tag, WIRE_FIXED64);
      writer.double(value);
    },
    read(source) {
      const offset = source.fixed64();
      const view = new DataView(source.bytes.buffer, source.bytes.byteOffset + offset, 8);
      return view.getFloat64(0, true);
    },
    check: (value) => (Number.isFinite(value) ? undefined : `${value}, wanted a finite number`),
  };
}

/** A hash as two words; 0 is the default, and stands for none. */
export function hash64(tag: number): Field<Hash64> {
  return {
    tag,
    wire: WIRE_FIXED64,
    initial: { low: 0, high: 0 },
    write(writer, { low, high }) {
      if (low === 0 && high === 0) return;
      writeKey(writer, tag, WIRE_FIXED64);
      writer.words64(low, high);
    },
    read(source) {
      const offset = source.fixed64();
      return { low: wordAt(source.bytes, offset), high: wordAt(source.bytes, offset + 4) };
    },
  };
}

/** A whole number that may be missing, which is not 0. */
export function optionalUint(tag: number): Field<number | undefined> {
  return {
    tag,
    wire: WIRE_VARINT,
    initial: undefined,
    write(writer, value) {
      if (value === undefined) return;
      writeKey(writer, tag, WIRE_VARINT);
      writer.uint(value);
    },
    read: (source) => uintUpTo(source, Number.MAX_SAFE_INTEGER, `field ${tag}`),
  };
}
