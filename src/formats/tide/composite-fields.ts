import { ByteWriter } from '../../util/index.ts';
import { WIRE_LENGTH } from '../protobuf/wire-reader.ts';
import type { Field, MessageFields } from './message-fields.ts';
import { decodeMessage, defaultsOf, encodeMessage } from './message-fields.ts';
import { uintUpTo } from './reading.ts';
import { writeKey } from './scalar-fields.ts';

/** Writers of messages within messages, as many as these are deep. */
const spare: ByteWriter[] = [];

/** Writes what has its length before it, which is known only after. */
function writeWithin(writer: ByteWriter, tag: number, fill: (inner: ByteWriter) => void): void {
  const inner = spare.pop() ?? new ByteWriter(256);
  inner.reset();
  fill(inner);
  writeKey(writer, tag, WIRE_LENGTH);
  writer.uint(inner.length);
  writer.bytes(inner.written());
  spare.push(inner);
}

/** A message within a message; all defaults where it is not there. */
export function nested<T>(tag: number, fields: MessageFields<T>): Field<T> {
  return {
    tag,
    wire: WIRE_LENGTH,
    initial: defaultsOf(fields) as T,
    write(writer, value) {
      writeWithin(writer, tag, (inner) => encodeMessage(inner, fields, value));
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
      writeWithin(writer, tag, (inner) => {
        for (const value of values) inner.uint(value);
      });
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
