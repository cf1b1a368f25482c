import { expect, test } from 'vitest';
import { SegmentBuilder } from '../../../../test/support/wal-builder.ts';
import type { FloatHistogram, Labels, Metadata } from '../../../model/index.ts';
import { compress, compressedSizeMax } from '../../snappy/index.ts';
import { BigEndianWriter } from '../bytes/big-endian-writer.ts';
import { TsdbError } from '../errors.ts';
import type { WalVisitor } from './record-decoder.ts';
import { decodeWalRecord } from './record-decoder.ts';
import { isTornTail, PAGE_BYTES, WalSegmentReader } from './segment-reader.ts';

const SNAPPY = 8;
const ZSTD = 16;

function readAll(bytes: Uint8Array): { records: string[]; error: TsdbError | undefined } {
  const reader = new WalSegmentReader(bytes, 'wal/00000000');
  const records: string[] = [];
  try {
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      records.push(Buffer.from(record.bytes).toString('latin1'));
    }
  } catch (error) {
    if (!(error instanceof TsdbError)) throw error;
    return { records, error };
  }
  return { records, error: undefined };
}

const TEXTS = ['a', 'b'.repeat(100), 'c'.repeat(PAGE_BYTES), 'd'.repeat(3 * PAGE_BYTES), ''];

function segment(): Uint8Array {
  const builder = new SegmentBuilder();
  for (const text of TEXTS) builder.record(Buffer.from(text));
  return builder.bytes();
}

test('records in one fragment and in many', () => {
  expect(readAll(segment())).toEqual({ records: TEXTS, error: undefined });
  // Up to the end of a page, with less than a header's room left in it.
  for (let left = 0; left < 10; left++) {
    const first = 'x'.repeat(PAGE_BYTES - 7 - left);
    const bytes = new SegmentBuilder()
      .record(Buffer.from(first))
      .record(Buffer.from('second'))
      .bytes();
    expect(readAll(bytes).records, `${left} bytes left`).toEqual([first, 'second']);
  }
});

test('compressed records', () => {
  const text = Buffer.from('hello zstd records, hello zstd records, hello zstd records, hello');
  const snappy = new Uint8Array(compressedSizeMax(text.length));
  const size = compress(text, 0, text.length, snappy);
  const zstd = '28b52ffd0468dd0000a068656c6c6f207a737464207265636f7264732c2001003c7332015b0e702d';
  const bytes = new SegmentBuilder()
    .record(snappy.subarray(0, size), SNAPPY)
    .record(Buffer.from(zstd, 'hex'), ZSTD)
    .record(text)
    .bytes();
  expect(readAll(bytes)).toEqual({ records: Array(3).fill(text.toString()), error: undefined });
});

test('compressed records that are none, or announce too much', () => {
  const check = (hex: string, flags: number, problem: string): void => {
    const { error } = readAll(new SegmentBuilder().record(Buffer.from(hex, 'hex'), flags).bytes());
    expect(error?.message).toContain(problem);
    expect(error?.offset).toBeLessThanOrEqual(4);
  };
  check('ff', SNAPPY, 'a snappy record that cannot be read');
  check('ffffffff0f', SNAPPY, 'wanted at most 268435456');
  check('00000000', ZSTD, 'without its magic number');
  check('28b52ffd', ZSTD, 'ends after 0 bytes');
  check('28b52ffde0ffffffffffff0f00', ZSTD, 'wanted at most 268435456');
  check('28b52ffd0468dd0000a068656c', ZSTD, 'a zstd record that cannot be read');
});

test('a segment cut anywhere gives the records before, and knows a torn tail', () => {
  const whole = segment();
  const lengths = new Set<number>();
  for (let length = 0; length < whole.length; length++) {
    const isNearBorder = length % PAGE_BYTES < 200 || whole.length - length < 20;
    if (!isNearBorder && length % 997 > 0) continue;
    const { records, error } = readAll(whole.subarray(0, length));
    expect(records).toEqual(TEXTS.slice(0, records.length));
    if (error !== undefined) expect(isTornTail(error.offset, length)).toBe(true);
    lengths.add(records.length);
  }
  expect(lengths.size).toBe(TEXTS.length);
});

test('a flipped bit ends the reading, and is no torn tail when pages follow', () => {
  const whole = segment();
  for (const at of [0, 3, 6, 8, 50, 120, PAGE_BYTES + 2000]) {
    const bytes = whole.slice();
    bytes[at]! ^= 0x20;
    const { records, error } = readAll(bytes);
    expect(records.length).toBeLessThan(4);
    expect(error, `byte ${at}`).toBeDefined();
    expect(isTornTail(error!.offset, bytes.length)).toBe(false);
  }
});

class Collector implements WalVisitor {
  readonly lines: string[] = [];
  series(ref: number, labels: Labels): void {
    this.lines.push(`series ${ref} ${labels.toString()}`);
  }
  sample(ref: number, timestamp: number, low: number, high: number): void {
    this.lines.push(`sample ${ref} ${timestamp} ${high.toString(16)} ${low.toString(16)}`);
  }
  histogram(ref: number, timestamp: number, histogram: FloatHistogram | undefined): void {
    this.lines.push(`histogram ${ref} ${timestamp} ${JSON.stringify(histogram) ?? 'stale'}`);
  }
  unknownHistogram(ref: number, timestamp: number): void {
    this.lines.push(`unknown histogram ${ref} ${timestamp}`);
  }
  deleted(ref: number, minTime: number, maxTime: number): void {
    this.lines.push(`deleted ${ref} ${minTime} ${maxTime}`);
  }
  exemplar(ref: number, timestamp: number, value: number, pairs: readonly string[]): void {
    this.lines.push(`exemplar ${ref} ${timestamp} ${value} ${pairs.join()}`);
  }
  metadata(ref: number, metadata: Metadata): void {
    this.lines.push(`metadata ${ref} ${JSON.stringify(metadata)}`);
  }
}

function decode(type: number, write: (writer: BigEndianWriter) => void): string[] {
  const writer = new BigEndianWriter();
  writer.u8(type);
  write(writer);
  const collector = new Collector();
  expect(decodeWalRecord(writer.written(), 'wal', 0, collector)).toBe(true);
  return collector.lines;
}

function double(writer: BigEndianWriter, value: number): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  writer.u32(view.getUint32(0));
  writer.u32(view.getUint32(4));
}

test('series, samples, deletions, exemplars, metadata', () => {
  expect(
    decode(1, (writer) => {
      writer.u64(7);
      writer.uvarint(2);
      for (const text of ['__name__', 'up', 'job', 'a']) writer.text(text);
    }),
  ).toEqual(['series 7 up{job="a"}']);
  expect(
    decode(2, (writer) => {
      writer.u64(7);
      writer.u64(1000);
      for (const [ref, time, high, low] of [
        [0, 0, 0x7ff00000, 2],
        [-2, 5, 0x3ff00000, 0],
      ] as const) {
        writer.varint(ref);
        writer.varint(time);
        writer.u32(high);
        writer.u32(low);
      }
    }),
  ).toEqual(['sample 7 1000 7ff00000 2', 'sample 5 1005 3ff00000 0']);
  expect(
    decode(3, (writer) => {
      writer.u64(7);
      writer.varint(-5);
      writer.bytes(Buffer.from('feffffffffffffffff01', 'hex'));
    }),
  ).toEqual([`deleted 7 -5 ${2 ** 63}`]);
  expect(
    decode(4, (writer) => {
      writer.u64(7);
      writer.u64(1000);
      writer.varint(1);
      writer.varint(-1);
      double(writer, 0.5);
      writer.uvarint(1);
      writer.text('trace_id');
      writer.text('x');
    }),
  ).toEqual(['exemplar 8 999 0.5 trace_id,x']);
  expect(
    decode(6, (writer) => {
      writer.uvarint(7);
      writer.u8(1);
      writer.uvarint(3);
      for (const text of ['UNIT', 'seconds', 'NEW', '?', 'HELP', 'It counts.']) writer.text(text);
    }),
  ).toEqual(['metadata 7 {"type":"counter","help":"It counts.","unit":"seconds"}']);
  expect(decode(5, (writer) => writer.u64(1))).toEqual([]);
});

test('samples with start timestamps', () => {
  expect(
    decode(11, (writer) => {
      writer.varint(7);
      writer.varint(1000);
      writer.varint(900);
      double(writer, 1);
      for (const start of [[0], [1], [2, 4]]) {
        writer.varint(1);
        writer.varint(10);
        writer.bytes(Uint8Array.from(start));
        double(writer, 1);
      }
    }),
  ).toEqual([7, 8, 9, 10].map((ref) => `sample ${ref} ${ref === 7 ? 1000 : 1010} 3ff00000 0`));
});

/** Counts 2, -1 … as differences, or as doubles. */
function histogram(writer: BigEndianWriter, isFloat: boolean, schema: number, sum = 1.5): void {
  const count = (value: number): void => {
    if (isFloat) double(writer, value);
    else writer.uvarint(value);
  };
  writer.varint(0);
  writer.varint(0);
  writer.u8(3);
  writer.varint(schema);
  double(writer, 0);
  count(1);
  count(4);
  double(writer, sum);
  writer.uvarint(1);
  writer.varint(-2);
  writer.uvarint(2);
  writer.uvarint(0);
  writer.uvarint(2);
  if (isFloat) for (const bucket of [2, 1]) double(writer, bucket);
  else for (const difference of [2, -1]) writer.varint(difference);
  writer.uvarint(0);
  if (schema !== -53) return;
  writer.uvarint(1);
  double(writer, 0.25);
}

test('histograms of both kinds, with custom bounds, stale, and of unknown schemas', () => {
  const wanted = (schema: number, customValues: number[]): string =>
    `histogram 1 100 ${JSON.stringify({
      counterReset: 'gauge',
      schema,
      zeroThreshold: 0,
      zeroCount: 1,
      count: 4,
      sum: 1.5,
      positiveSpans: [{ offset: -2, length: 2 }],
      positiveBuckets: [2, 1],
      negativeSpans: [],
      negativeBuckets: [],
      customValues,
    })}`;
  const check = (type: number, schema: number, line: string, sum?: number): void => {
    const isFloat = type === 8 || type === 10;
    const lines = decode(type, (writer) => {
      writer.u64(1);
      writer.u64(100);
      histogram(writer, isFloat, schema, sum);
    });
    expect(lines).toEqual([line]);
  };
  check(7, 3, wanted(3, []));
  check(8, 3, wanted(3, []));
  check(9, -53, wanted(-53, [0.25]));
  check(10, -53, wanted(-53, [0.25]));
  check(7, 30, 'unknown histogram 1 100');
});

test('an unknown type is told, a broken record refused', () => {
  const collector = new Collector();
  expect(decodeWalRecord(Uint8Array.of(99, 1, 2), 'wal', 0, collector)).toBe(false);
  for (const type of [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]) {
    expect(() => decodeWalRecord(Uint8Array.of(type, 1, 2), 'wal', 10, collector)).toThrow(
      /^wal, byte 1[0-3]: /,
    );
  }
});
