import { expect, test } from 'vitest';
import { CUSTOM_BUCKETS_SCHEMA } from '../../model/index.ts';
import { ByteWriter } from '../../util/index.ts';
import { decodeHistogram } from './histogram.ts';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Writes fields by number, as `prometheus.Histogram` has them. */
class Message extends ByteWriter {
  varint(field: number, value: number): this {
    this.uint(field * 8 + VARINT);
    this.int(value);
    return this;
  }

  zigzag(field: number, value: number): this {
    return this.varint(field, zigzag(value));
  }

  number(field: number, value: number): this {
    this.uint(field * 8 + FIXED64);
    this.double(value);
    return this;
  }

  part(field: number, write: (part: Message) => void): this {
    const part = new Message();
    write(part);
    this.uint(field * 8 + LENGTH);
    this.uint(part.length);
    this.bytes(part.written());
    return this;
  }

  span(field: number, offset: number, length: number): this {
    return this.part(field, (part) => part.zigzag(1, offset).varint(2, length));
  }

  deltas(field: number, ...values: number[]): this {
    return this.part(field, (part) => {
      for (const value of values) part.uint(zigzag(value));
    });
  }

  doubles(field: number, ...values: number[]): this {
    return this.part(field, (part) => {
      for (const value of values) part.double(value);
    });
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function decode(message: Message) {
  const bytes = Buffer.concat([Buffer.from('##'), message.written(), Buffer.from('##')]);
  return decodeHistogram(bytes, 2, bytes.length - 2);
}

test('the integer form, its buckets as deltas', () => {
  const message = new Message()
    .varint(1, 20)
    .number(3, 18.5)
    .zigzag(4, -2)
    .number(5, 0.001)
    .varint(6, 2)
    .span(8, -3, 1)
    .deltas(9, 4)
    .span(11, 0, 2)
    .span(11, 5, 2)
    .deltas(12, 1, 2, -1, 4)
    .varint(14, 2)
    .varint(15, 1_795_366_702_381);
  expect(decode(message)).toEqual({
    timestamp: 1_795_366_702_381,
    isStale: false,
    problem: undefined,
    histogram: {
      counterReset: 'not_reset',
      schema: -2,
      zeroThreshold: 0.001,
      zeroCount: 2,
      count: 20,
      sum: 18.5,
      negativeSpans: [{ offset: -3, length: 1 }],
      negativeBuckets: [4],
      positiveSpans: [
        { offset: 0, length: 2 },
        { offset: 5, length: 2 },
      ],
      positiveBuckets: [1, 3, 2, 6],
      customValues: [],
    },
  });
});

test('the float form, custom buckets, values packed or not', () => {
  const message = new Message()
    .number(2, 4.5)
    .zigzag(4, CUSTOM_BUCKETS_SCHEMA)
    .span(11, 0, 3)
    .number(13, 1)
    .doubles(13, 2, 1.5)
    .varint(14, 3)
    .number(16, 0.5)
    .doubles(16, 1);
  const { histogram, problem } = decode(message);
  expect(problem).toBeUndefined();
  expect(histogram).toMatchObject({
    counterReset: 'gauge',
    count: 4.5,
    positiveBuckets: [1, 2, 1.5],
    customValues: [0.5, 1],
  });
});

test('a staleness marker is told by the bits of its sum, and nothing else counts', () => {
  const stale = new Message();
  stale.uint(3 * 8 + FIXED64);
  stale.words64(2, 0x7ff00000);
  stale.zigzag(4, 99);
  expect(decode(stale)).toMatchObject({ isStale: true, problem: undefined });
  expect(decode(new Message().number(3, NaN))).toMatchObject({ isStale: false });
});

test('buckets that do not fit their spans are a problem', () => {
  const { problem } = decode(new Message().varint(1, 1).span(11, 0, 2).deltas(12, 1));
  expect(problem).toBe('positive spans cover 2 buckets, 1 being there');
  const { problem: negative } = decode(new Message().varint(1, 1).span(11, 0, 2).deltas(12, 1, -2));
  expect(negative).toBe('a positive bucket counts -1, wanted 0 or more');
});

test('bytes that are no histogram', () => {
  expect(() => decode(new Message().number(1, 1))).toThrow('wire type 1 for field 1, wanted 0');
  expect(() => decode(new Message().varint(3, 1))).toThrow('wire type 0 for field 3, wanted 1');
  expect(() => decode(new Message().varint(11, 1))).toThrow('wire type 0 for a span');
  expect(() => decode(new Message().part(13, (part) => part.varint(1, 1)))).toThrow('64-bit value');
});
