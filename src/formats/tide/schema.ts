import type { MetricType } from '../../model/index.ts';
import { assert, Labels } from '../../model/index.ts';
import { ByteWriter, wordAt } from '../../util/index.ts';
import type { WireReader } from '../protobuf/wire-reader.ts';
import { hashBytes, seriesKey, xorHash } from './content-hash.ts';
import { TideFormatError } from './errors.ts';
import { BODY_BYTES_MAX, LABELS_MAX, SERIES_ID_MAX, TEXT_BYTES_MAX } from './limits.ts';
import { PRIORITY_CLASSES } from './messages.ts';
import type { Packed } from './packing.ts';
import { pack, unpack } from './packing.ts';
import { expectEnd, reader, textUpTo, uintUpTo } from './reading.ts';
import { SEALED_BYTES_MAX } from './range-data.ts';
import { CODEC_DEFLATE } from './frame-header.ts';
import type { PayloadCodec } from './frame-header.ts';
import type { Hash64, SchemaChange, SchemaSeries } from './schema-change.ts';

const TYPES: readonly MetricType[] = [
  ...(['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram'] as const),
  ...(['summary', 'info', 'stateset'] as const),
];

const U32_MAX = 2 ** 32 - 1;
/** Of one frame. */
export const SCHEMA_SERIES_MAX = 16_384;
/** A name and a value for each label, and five for each family, are bounded by the body's size. */
const TEXTS_MAX = 131_072;

/** Texts in the order in which they first came, each once. */
class TextTable {
  readonly texts: string[] = [];
  readonly #places = new Map<string, number>();

  place(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.texts.length;
      this.#places.set(text, place);
      this.texts.push(text);
    }
    return place;
  }
}

/**
 * A schema frame's payload. Throws TideFormatError `tide_too_large` where it does not fit a frame:
 * the caller then adds the series in several changes, each with its version.
 */
export function encodeSchema(change: SchemaChange, codec: PayloadCodec = CODEC_DEFLATE): Packed {
  const packed = pack(encodeSchemaBody(change), codec);
  if (packed.payload.length <= SEALED_BYTES_MAX) return packed;
  throw tooLarge(packed.payload.length, SEALED_BYTES_MAX, 'bytes');
}

function encodeSchemaBody({ version, after, series, tombstones, hash }: SchemaChange): Uint8Array {
  const largest = Math.max(series.length, tombstones.length);
  if (largest > SCHEMA_SERIES_MAX) throw tooLarge(largest, SCHEMA_SERIES_MAX, 'series');
  const texts = new TextTable();
  const rows = new ByteWriter(32 * series.length + 64);
  let next = 0;
  for (const one of series) {
    assert(one.id >= next && one.id <= SERIES_ID_MAX, `series id ${one.id} out of order`);
    rows.uint(one.id - next);
    next = one.id + 1;
    encodeSeries(rows, one, texts);
  }
  const writer = new ByteWriter(4096);
  writer.uint(version);
  writer.words64(hash.low, hash.high);
  writer.uint(texts.texts.length);
  for (const text of texts.texts) {
    const bytes = Buffer.from(text);
    writer.uint(bytes.length);
    writer.bytes(bytes);
  }
  writer.uint(series.length);
  writer.bytes(rows.written());
  encodeIds(writer, tombstones);
  if (after !== undefined && after !== version - 1) writer.uint(version - 1 - after);
  if (writer.length > BODY_BYTES_MAX) throw tooLarge(writer.length, BODY_BYTES_MAX, 'bytes');
  return writer.written();
}

function encodeSeries(rows: ByteWriter, series: SchemaSeries, texts: TextTable): void {
  const { labels, family, type, unit, help, group, priority } = series;
  assert(labels.size <= LABELS_MAX, `${labels.size} labels`);
  rows.uint(labels.size);
  for (const part of labels.pairs) rows.uint(texts.place(part));
  rows.uint(texts.place(family));
  rows.uint(TYPES.indexOf(type));
  rows.uint(texts.place(unit));
  rows.uint(texts.place(help));
  rows.uint(group);
  rows.uint(PRIORITY_CLASSES.indexOf(priority));
}

function encodeIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.uint(ids.length);
  let next = 0;
  for (const id of ids) {
    assert(id >= next && id <= SERIES_ID_MAX, `series id ${id} out of order`);
    writer.uint(id - next);
    next = id + 1;
  }
}

/** Reads a schema frame's payload. Throws TideFormatError. */
export function decodeSchema(payload: Uint8Array, codec: PayloadCodec): SchemaChange {
  const source = reader(unpack(payload, codec), 'tide_schema');
  const version = uintUpTo(source, Number.MAX_SAFE_INTEGER, 'schema version');
  if (version === 0) throw source.error('schema version 0');
  const hashAt = source.fixed64();
  const hash = { low: wordAt(source.bytes, hashAt), high: wordAt(source.bytes, hashAt + 4) };
  const texts: string[] = [];
  const textCount = uintUpTo(source, TEXTS_MAX, 'number of texts');
  while (texts.length < textCount) texts.push(textUpTo(source, TEXT_BYTES_MAX, 'text'));
  const series: SchemaSeries[] = [];
  const seriesCount = uintUpTo(source, SCHEMA_SERIES_MAX, 'number of series');
  for (let next = 0; series.length < seriesCount; ) {
    const id = readId(source, next);
    series.push(decodeSeries(source, id, texts));
    next = id + 1;
  }
  const tombstones: number[] = [];
  const tombstoneCount = uintUpTo(source, SCHEMA_SERIES_MAX, 'number of tombstones');
  for (let next = 0; tombstones.length < tombstoneCount; ) {
    const id = readId(source, next);
    tombstones.push(id);
    next = id + 1;
  }
  const change = { version, series, tombstones, hash };
  if (source.position === source.limit) return change;
  const between = uintUpTo(source, version - 1, 'versions left out');
  if (between === 0) throw source.error('no version is left out');
  expectEnd(source);
  return { ...change, after: version - 1 - between };
}

function readId(source: WireReader, next: number): number {
  const id = next + uintUpTo(source, SERIES_ID_MAX, 'gap of ids');
  if (id > SERIES_ID_MAX) throw source.error(`series id ${id}`);
  return id;
}

function decodeSeries(source: WireReader, id: number, texts: readonly string[]): SchemaSeries {
  const textAt = () => texts[uintUpTo(source, texts.length - 1, 'place of a text')]!;
  const labelCount = uintUpTo(source, LABELS_MAX, 'number of labels');
  const pairs: string[] = [];
  while (pairs.length < 2 * labelCount) pairs.push(textAt());
  const labels = Labels.fromPairs(pairs);
  if (labels.size !== labelCount) {
    throw source.error(`labels of series ${id} that repeat or are empty`);
  }
  return {
    id,
    labels,
    family: textAt(),
    type: TYPES[uintUpTo(source, TYPES.length - 1, 'metric type')]!,
    unit: textAt(),
    help: textAt(),
    group: uintUpTo(source, U32_MAX, 'group'),
    priority: PRIORITY_CLASSES[uintUpTo(source, PRIORITY_CLASSES.length - 1, 'class')]!,
  };
}

/** What one series adds to the hash of a schema, and takes away when it ends. */
export function schemaSeriesHash(series: SchemaSeries): Hash64 {
  const { id, labels, family, type, unit, help, group, priority } = series;
  const writer = new ByteWriter(128);
  writer.uint(id);
  writer.uint(TYPES.indexOf(type));
  writer.uint(group);
  writer.uint(PRIORITY_CLASSES.indexOf(priority));
  const key = seriesKey(labels);
  writer.words64(key.low, key.high);
  for (const text of [family, unit, help]) {
    const bytes = Buffer.from(text);
    writer.uint(bytes.length);
    writer.bytes(bytes);
  }
  return hashBytes(writer.written());
}

/** The hash of a schema: exclusive or over its series, so that order and history do not matter. */
export function schemaHash(series: Iterable<SchemaSeries>): Hash64 {
  let hash: Hash64 = { low: 0, high: 0 };
  for (const one of series) hash = xorHash(hash, schemaSeriesHash(one));
  return hash;
}

function tooLarge(seen: number, max: number, what: string): TideFormatError {
  const problem = `a schema change of ${seen} ${what}, wanted at most ${max}`;
  return new TideFormatError('tide_too_large', problem);
}
