import { ByteWriter } from '../../util/index.ts';
import type { WireReader } from '../protobuf/wire-reader.ts';
import { wordAt, WIRE_FIXED64, WIRE_LENGTH, WIRE_VARINT } from '../protobuf/wire-reader.ts';
import { bytesEnd, textUpTo, uintUpTo } from './reading.ts';
import type { Hash64 } from './schema-change.ts';
import { unzigzag, zigzag } from './words.ts';

/** Of times and other signed numbers, either way: their zigzag form is a whole number exactly. */
export const SIGNED_MAX = 2 ** 52 - 1;

/**
 * One field of a message in protobuf's wire encoding. A field that is not there has its default, as
 * in proto3, and a default is not written; of a repeated single field the last one counts.
 */
export interface Field<T> {
  readonly tag: number;
  readonly wire: number;
  readonly initial: T;
  /** Writes key and value; nothing for the default. */
  write(writer: ByteWriter, value: T): void;
  /** Reads a value, the key being read; `before` is the value so far. */
  read(source: WireReader, before: T): T;
  /** What is wrong with the value of a whole message. */
  readonly check?: (value: T) => string | undefined;
}

/** The fields of a message type, in the order in which they are written. */
export type MessageFields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

type AnyField = Field<unknown>;

/** Names, fields and what else is found in a table of fields once for all messages. */
interface FieldIndex {
  readonly names: readonly string[];
  readonly fields: readonly AnyField[];
  /** Place of a field by its tag. */
  readonly byTag: readonly (number | undefined)[];
  readonly checked: readonly number[];
}

const indexes = new WeakMap<object, FieldIndex>();

function indexOf(fields: object): FieldIndex {
  let index = indexes.get(fields);
  if (index === undefined) {
    const entries = Object.entries(fields) as [string, AnyField][];
    const byTag: number[] = [];
    for (const [place, [, { tag }]] of entries.entries()) byTag[tag] ??= place;
    index = {
      names: entries.map(([name]) => name),
      fields: entries.map(([, field]) => field),
      byTag,
      checked: entries.flatMap(([, { check }], place) => (check === undefined ? [] : [place])),
    };
    indexes.set(fields, index);
  }
  return index;
}

export function encodeMessage<T>(writer: ByteWriter, fields: MessageFields<T>, message: T): void {
  const { names, fields: known } = indexOf(fields);
  const values = message as Readonly<Record<string, unknown>>;
  for (let at = 0; at < names.length; at++) known[at]!.write(writer, values[names[at]!]);
}

/** Reads a message up to the reader's limit. Fields that are not known are skipped. */
export function decodeMessage<T>(source: WireReader, fields: MessageFields<T>): T {
  const { names, fields: known, byTag, checked } = indexOf(fields);
  const values: Record<string, unknown> = {};
  for (let at = 0; at < names.length; at++) values[names[at]!] = known[at]!.initial;
  while (source.position < source.limit) {
    const key = source.key();
    const place = byTag[key >>> 3];
    if (place === undefined) {
      source.skip(key);
      continue;
    }
    const name = names[place]!;
    const field = known[place]!;
    if ((key & 7) !== field.wire) {
      throw source.error(`wire type ${key & 7} of ${name}, wanted ${field.wire}`);
    }
    values[name] = field.read(source, values[name]);
  }
  for (const place of checked) {
    const name = names[place]!;
    const problem = known[place]!.check?.(values[name]);
    if (problem !== undefined) throw source.error(`${name}: ${problem}`);
  }
  return values as T;
}

function writeKey(writer: ByteWriter, tag: number, wire: number): void {
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

/** Writers of messages within messages, as many as these are deep. */
const spare: ByteWriter[] = [];

export interface NestedOptions<T> {
  readonly check?: (value: T) => string | undefined;
}

/** A message within a message; all defaults where it is not there. */
export function nested<T>(tag: number, fields: MessageFields<T>): Field<T> {
  const initial: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields) as [string, AnyField][]) {
    initial[name] = field.initial;
  }
  return {
    tag,
    wire: WIRE_LENGTH,
    initial: initial as T,
    write(writer, value) {
      const inner = spare.pop() ?? new ByteWriter(256);
      inner.reset();
      encodeMessage(inner, fields, value);
      writeKey(writer, tag, WIRE_LENGTH);
      writer.uint(inner.length);
      writer.bytes(inner.written());
      spare.push(inner);
    },
    read(source) {
      const outerLimit = source.limit;
      source.limit = source.lengthEnd();
      const value = decodeMessage(source, fields);
      source.limit = outerLimit;
      return value;
    },
  };
}

/** The field, or undefined where it is not there. Its default is not written either. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    tag: field.tag,
    wire: field.wire,
    initial: undefined,
    write(writer, value) {
      if (value !== undefined) field.write(writer, value);
    },
    read: (source) => field.read(source, field.initial),
    check: (value) => (value === undefined ? undefined : field.check?.(value)),
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

/** A message, or a text, any number of times up to `max`; `check` sees the whole list. */
export function listOf<T>(
  field: Field<T>,
  max: number,
  check?: (values: readonly T[]) => string | undefined,
): Field<readonly T[]> {
  return {
    tag: field.tag,
    wire: field.wire,
    initial: [],
    write(writer, values) {
      for (const value of values) field.write(writer, value);
    },
    read(source, before) {
      if (before.length >= max) throw source.error(`field ${field.tag} more than ${max} times`);
      return append(before, field.read(source, field.initial));
    },
    check: (values) => check?.(values) ?? itemProblem(field, values),
  };
}

/** Whole numbers, packed: a default among them must not vanish. */
export function uintList<T extends number = number>(
  tag: number,
  maxValue: number,
  maxLength: number,
): Field<readonly T[]> {
  return {
    tag,
    wire: WIRE_LENGTH,
    initial: [],
    write(writer, values) {
      if (values.length === 0) return;
      const inner = spare.pop() ?? new ByteWriter(256);
      inner.reset();
      for (const value of values) inner.uint(value);
      writeKey(writer, tag, WIRE_LENGTH);
      writer.uint(inner.length);
      writer.bytes(inner.written());
      spare.push(inner);
    },
    read(source, before) {
      const values = before.slice();
      const end = source.lengthEnd();
      while (source.position < end) {
        if (values.length >= maxLength)
          throw source.error(`field ${tag}: over ${maxLength} values`);
        values.push(uintUpTo(source, maxValue, `field ${tag}`) as T);
      }
      if (source.position !== end) throw source.error(`field ${tag} ends inside a number`);
      return values;
    },
  };
}

/** Names by their place, packed. */
export function nameList<T extends string>(
  tag: number,
  names: readonly T[],
  maxLength: number,
): Field<readonly T[]> {
  const inner = uintList(tag, names.length - 1, maxLength);
  return {
    tag,
    wire: WIRE_LENGTH,
    initial: [],
    write: (writer, values) =>
      inner.write(
        writer,
        values.map((value) => names.indexOf(value)),
      ),
    read(source, before) {
      const values = inner.read(source, []).map((index) => names[index]!);
      if (before.length + values.length <= maxLength) return [...before, ...values];
      throw source.error(`field ${tag}: over ${maxLength} values`);
    },
  };
}

// The first value makes the list, which then is this reading's own: appending to a copy each time
// would be quadratic.
function append<T>(before: readonly T[], value: T): readonly T[] {
  if (before.length === 0) return [value];
  (before as T[]).push(value);
  return before;
}

function itemProblem<T>(field: Field<T>, values: readonly T[]): string | undefined {
  if (field.check === undefined) return undefined;
  for (const value of values) {
    const problem = field.check(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
