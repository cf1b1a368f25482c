import type { ByteWriter } from '../../util/index.ts';
import type { WireReader } from '../protobuf/wire-reader.ts';

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

/** A message of which nothing was written; the caller's own. */
export function defaultsOf(fields: object): Record<string, unknown> {
  const { names, fields: known } = indexOf(fields);
  const values: Record<string, unknown> = {};
  for (let at = 0; at < names.length; at++) values[names[at]!] = known[at]!.initial;
  return values;
}

/** Writes the fields in the order of their table. Bounds are the reader's to check. */
export function encodeMessage<T>(writer: ByteWriter, fields: MessageFields<T>, message: T): void {
  const { names, fields: known } = indexOf(fields);
  const values = message as Readonly<Record<string, unknown>>;
  for (let at = 0; at < names.length; at++) known[at]!.write(writer, values[names[at]!]);
}

/**
 * Reads a message up to the reader's limit. Fields that are not known are skipped. Throws the
 * reader's error where a value is out of its bounds.
 */
export function decodeMessage<T>(source: WireReader, fields: MessageFields<T>): T {
  const { names, fields: known, byTag, checked } = indexOf(fields);
  const values = defaultsOf(fields);
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
