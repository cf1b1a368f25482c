import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CODEC_BROTLI,
  CODEC_DEFLATE,
  CODEC_NONE,
  ContentHash,
  decodeSchema,
  encodeSchema,
  type PayloadCodec,
  type SchemaChange,
  type SchemaSeries,
  schemaHash,
  schemaSeriesHash,
  SERIES_ID_MAX,
  seriesKey,
  TideFormatError,
  xorHash,
} from '../../src/formats/tide/index.ts';
import { Labels } from '../../src/model/index.ts';

const ids = fc
  .uniqueArray(fc.oneof(fc.nat(50), fc.nat(SERIES_ID_MAX)), { maxLength: 20 })
  .map((list) => list.sort((a, b) => a - b));
const name = fc.constantFrom('__name__', 'job', 'instance', 'ünïcode', 'a b', 'zone');
const text = fc.oneof(fc.constantFrom('up', 'node', 'h'), fc.string({ unit: 'binary' }));
// What is not well-formed UTF-16 has no UTF-8.
const wellFormed = text.map((raw) => Buffer.from(raw).toString());
const labels = fc.dictionary(name, wellFormed).map((entries) => Labels.fromObject(entries));

const series: fc.Arbitrary<Omit<SchemaSeries, 'id'>> = fc.record({
  labels,
  family: wellFormed,
  type: fc.constantFrom('unknown', 'counter', 'gauge', 'histogram', 'stateset'),
  unit: wellFormed,
  help: wellFormed,
  group: fc.nat(2 ** 31 - 1),
  priority: fc.constantFrom('A', 'B', 'C'),
});
const change: fc.Arbitrary<SchemaChange> = ids.chain((list) =>
  fc.record({
    version: fc.maxSafeNat().map((version) => Math.max(1, version)),
    series: fc.tuple(...list.map((id) => series.map((one) => ({ id, ...one })))),
    tombstones: ids,
    hash: fc.record({ low: fc.nat(2 ** 32 - 1), high: fc.nat(2 ** 32 - 1) }),
  }),
);
const anyCodec = fc.constantFrom<PayloadCodec>(CODEC_NONE, CODEC_DEFLATE, CODEC_BROTLI);

function tryDecode(payload: Uint8Array, codec: PayloadCodec): void {
  try {
    decodeSchema(payload, codec);
  } catch (error) {
    if (!(error instanceof TideFormatError)) throw error;
  }
}

describe('schema changes', () => {
  test('come back, packed by any codec', () => {
    fc.assert(
      fc.property(change, anyCodec, (given, codec) => {
        const packed = encodeSchema(given, codec);
        expect(decodeSchema(packed.payload, packed.codec)).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  test('one that follows an older version than the one before says which', () => {
    fc.assert(
      fc.property(change, fc.maxSafeNat(), (given, number) => {
        const after = number % given.version;
        const { payload, codec } = encodeSchema({ ...given, after });
        const want = after === given.version - 1 ? given : { ...given, after };
        expect(decodeSchema(payload, codec)).toEqual(want);
      }),
    );
  });

  test('no cut is read, and changed bytes give a change or a TideFormatError', () => {
    fc.assert(
      fc.property(change, fc.array(fc.tuple(fc.nat(), fc.nat(255))), (given, changes) => {
        const body = encodeSchema(given, CODEC_NONE).payload;
        for (let end = 0; end < body.length; end += 1 + (end >> 5)) {
          expect(() => decodeSchema(body.subarray(0, end), CODEC_NONE)).toThrow(TideFormatError);
        }
        const changed = body.slice();
        for (const [at, byte] of changes) changed[at % changed.length] = byte;
        tryDecode(changed, CODEC_NONE);
      }),
      { numRuns: 200 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), anyCodec, tryDecode), {
      numRuns: 2000,
    });
  });

  test('a thousand series of one program fit a frame; too many are too large', () => {
    const many = (count: number): SchemaChange => ({
      version: 1,
      series: Array.from({ length: count }, (_, id) => ({
        id,
        labels: Labels.fromObject({
          __name__: `metric_${id % 90}`,
          device: `dev${id}`,
          job: 'node',
        }),
        ...{ family: `metric_${id % 90}`, type: 'counter', unit: 'bytes', group: 1, priority: 'B' },
        help: `What metric ${id % 90} of a node means.`,
      })),
      tombstones: [],
      hash: { low: 0, high: 0 },
    });
    expect(encodeSchema(many(1000)).payload.length).toBeLessThan(20_000);
    expect(() => encodeSchema(many(16_385))).toThrow(
      expect.objectContaining({ code: 'tide_too_large' }) as Error,
    );
  });

  test('the hash does not depend on history, and sees every part of a series', () => {
    fc.assert(
      fc.property(change, ({ series }) => {
        let grown = { low: 0, high: 0 };
        for (const one of series.toReversed()) grown = xorHash(grown, schemaSeriesHash(one));
        expect(grown).toEqual(schemaHash(series));
        for (const one of series) grown = xorHash(grown, schemaSeriesHash(one));
        expect(grown).toEqual({ low: 0, high: 0 });
      }),
      { numRuns: 100 },
    );
    const one: SchemaSeries = {
      ...{ id: 1, labels: Labels.fromObject({ a: 'b' }), family: 'f', type: 'gauge', unit: 'u' },
      ...{ help: 'h', group: 1, priority: 'B' },
    };
    const variants: SchemaSeries[] = [
      one,
      { ...one, id: 2 },
      { ...one, labels: Labels.fromObject({ a: 'c' }) },
      { ...one, labels: Labels.fromObject({ ab: '' }) },
      { ...one, family: 'fu', unit: '' },
      { ...one, type: 'counter' },
      { ...one, help: '' },
      { ...one, group: 2 },
      { ...one, priority: 'A' },
    ];
    const hashes = variants.map((variant) => JSON.stringify(schemaSeriesHash(variant)));
    expect(new Set(hashes).size).toBe(variants.length);
  });
});

describe('content hashes', () => {
  const u32 = fc.nat(2 ** 32 - 1);
  const sample = fc.tuple(fc.nat(3), fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), u32, u32);
  const keys = ['a', 'b', 'c', 'd'].map((value) => seriesKey(Labels.fromObject({ value })));

  function hashOf(samples: readonly (readonly [number, number, number, number])[]): ContentHash {
    const content = new ContentHash();
    for (const [series, time, low, high] of samples) content.add(keys[series]!, time, low, high);
    return content;
  }

  test('do not depend on the order, and let go what is taken out', () => {
    fc.assert(
      fc.property(fc.array(sample), fc.array(sample), (first, second) => {
        const both = hashOf([...first, ...second]);
        const swapped = hashOf([...second, ...first]);
        expect([both.count, both.hash]).toEqual([swapped.count, swapped.hash]);
        for (const [series, time, low, high] of second) both.remove(keys[series]!, time, low, high);
        const left = hashOf(first);
        expect([both.count, both.hash]).toEqual([left.count, left.hash]);
      }),
    );
  });

  test('see a change of any bit of a sample, and an exchange of two values', () => {
    const check = (samples: (readonly [number, number, number, number])[]): string =>
      JSON.stringify(hashOf(samples).hash);
    const seen = new Set([check([[0, 1e12, 5, 7]]), check([[1, 1e12, 5, 7]])]);
    for (let bit = 0; bit < 32; bit++) {
      const flip = 2 ** bit;
      seen.add(check([[0, 1e12 + flip, 5, 7]]));
      seen.add(check([[0, 1e12, 5 ^ flip, 7]]));
      seen.add(check([[0, 1e12, 5, 7 ^ flip]]));
    }
    expect(seen.size).toBe(2 + 3 * 32);
    const plain = check([
      [0, 1, 10, 0],
      [1, 1, 20, 0],
    ]);
    expect(
      check([
        [0, 1, 20, 0],
        [1, 1, 10, 0],
      ]),
    ).not.toBe(plain);
  });

  test('spread: no two of 200,000 neighbouring samples meet, and every bit is even', () => {
    const seen = new Set<bigint>();
    const ones = new Uint32Array(64);
    const content = new ContentHash();
    for (let at = 0; at < 200_000; at++) {
      content.reset();
      content.add(keys[at & 3]!, 1.76e12 + 1000 * (at >> 6), (at >> 2) & 15, 0x40590000);
      const { low, high } = content.hash;
      seen.add((BigInt(high) << 32n) | BigInt(low));
      for (let bit = 0; bit < 32; bit++) {
        ones[bit] = ones[bit]! + ((low >>> bit) & 1);
        ones[32 + bit] = ones[32 + bit]! + ((high >>> bit) & 1);
      }
    }
    expect(seen.size).toBe(200_000);
    expect(Math.min(...ones)).toBeGreaterThan(98_000);
    expect(Math.max(...ones)).toBeLessThan(102_000);
  });
});
