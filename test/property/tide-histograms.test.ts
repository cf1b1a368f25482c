import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BatchColumns,
  BatchDecoder,
  BatchEncoder,
  CODEC_DEFLATE,
  CODEC_NONE,
  histogramWords,
  TideFormatError,
} from '../../src/formats/tide/index.ts';
import {
  CUSTOM_BUCKETS_SCHEMA,
  type FloatHistogram,
  isStaleAt,
  type Span,
  STALE_HIGH_WORD,
  STALE_LOW_WORD,
} from '../../src/model/index.ts';

const encoder = new BatchEncoder();
const decoder = new BatchDecoder();
const HEAD = { schemaVersion: 1, policyVersion: 1, coverage: [] };

const span = fc.record({ offset: fc.nat(20), length: fc.nat(5) });
const spans = fc
  .tuple(fc.integer({ min: -30, max: 30 }), fc.array(span, { maxLength: 4 }))
  .map(([first, all]): Span[] =>
    all.map((one, index) => (index === 0 ? { ...one, offset: first } : one)),
  );
const count = fc.oneof(fc.nat(1000), fc.maxSafeInteger().map(Math.abs), fc.double({ min: 0 }));
const finite = count.filter((value) => !Number.isNaN(value));

/** Buckets as many as the spans have, whole or not. */
function histogramOf(isCustom: boolean): fc.Arbitrary<FloatHistogram> {
  const sides = isCustom
    ? fc.nat(5).map((length): [Span[], Span[]] => [[{ offset: 0, length: length + 1 }], []])
    : fc.tuple(spans, spans);
  return sides.chain(([positiveSpans, negativeSpans]) => {
    const bucketsOf = (of: readonly Span[]) => {
      const length = of.reduce((sum, one) => sum + one.length, 0);
      return fc.array(finite, { minLength: length, maxLength: length });
    };
    const bounds = Array.from({ length: 6 }, (_, index) => index - 0.5);
    return fc.record({
      counterReset: fc.constantFrom('unknown', 'reset', 'not_reset', 'gauge'),
      schema: isCustom ? fc.constant(CUSTOM_BUCKETS_SCHEMA) : fc.integer({ min: -4, max: 8 }),
      zeroThreshold: isCustom ? fc.constant(0) : fc.constantFrom(0, 1e-128, 0.5),
      zeroCount: isCustom ? fc.constant(0) : finite,
      count: finite,
      sum: fc.double(),
      positiveSpans: fc.constant(positiveSpans),
      positiveBuckets: bucketsOf(positiveSpans),
      negativeSpans: fc.constant(negativeSpans),
      negativeBuckets: bucketsOf(negativeSpans),
      customValues: fc.constant(isCustom ? bounds : []),
    });
  });
}

const histogram = fc.oneof(histogramOf(false), histogramOf(true));
/** Of one series: a histogram with what it counts later, markers and floats between them. */
const samples = fc.oneof(
  fc.array(fc.oneof(histogram, fc.constant('stale' as const), fc.double()), { maxLength: 6 }),
  histogram.chain((first) =>
    fc.array(fc.nat(50), { minLength: 1, maxLength: 6 }).map((steps) =>
      steps.map((step) => ({
        ...first,
        count: first.count + step,
        positiveBuckets: first.positiveBuckets.map((bucket) => bucket + step),
      })),
    ),
  ),
);

function columnsOf(all: readonly (readonly (FloatHistogram | 'stale' | number)[])[]): BatchColumns {
  const columns = new BatchColumns(1);
  for (const [id, of] of all.entries()) {
    for (const [tick, one] of of.entries()) {
      if (one === 'stale') columns.push(id, tick, STALE_LOW_WORD, STALE_HIGH_WORD);
      else if (typeof one === 'number') columns.pushValue(id, tick, one);
      else columns.pushHistogram(id, tick, one);
    }
  }
  return columns;
}

test('histograms, markers and floats come back from a batch as they were', () => {
  fc.assert(
    fc.property(fc.array(samples, { maxLength: 5 }), fc.boolean(), (all, packs) => {
      const columns = columnsOf(all);
      const packed = encoder.encode(HEAD, columns, packs ? CODEC_DEFLATE : CODEC_NONE);
      const into = new BatchColumns(1);
      decoder.decode(packed.payload, packed.codec, into);
      expect(into.length).toBe(columns.length);
      for (let at = 0; at < into.length; at++) {
        expect(into.histograms?.[at]).toEqual(columns.histograms?.[at]);
        expect(into.timestamps[at]).toBe(columns.timestamps[at]);
        expect(into.words.slice(2 * at, 2 * at + 2)).toEqual(
          columns.words.slice(2 * at, 2 * at + 2),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('damaged batches with histograms are refused, and leave nothing behind', () => {
  fc.assert(
    fc.property(
      fc.array(samples, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (all, changes, cut) => {
        const body = encoder.encodeBody(HEAD, columnsOf(all)).slice();
        for (const [at, byte] of changes) body[at % body.length] = byte;
        const into = new BatchColumns(1);
        into.pushValue(9, 9, 9);
        for (const bytes of [body, body.subarray(0, cut % body.length)]) {
          into.length = 1;
          into.histograms = undefined;
          try {
            decoder.decodeBody(bytes, into);
          } catch (error) {
            expect(error).toBeInstanceOf(TideFormatError);
            expect(into.length).toBe(1);
            expect(into.histograms ?? []).toHaveLength(into.histograms === undefined ? 0 : 1);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('words tell what is counted, whatever the layout, and are never a marker', () => {
  fc.assert(
    fc.property(histogram, (one) => {
      const words = histogramWords(one);
      const columns = new BatchColumns(1);
      columns.pushHistogram(0, 0, one);
      expect(isStaleAt(columns.words, 0)).toBe(false);
      expect(columns.values[0]).not.toBeNaN();
      const [first] = one.positiveSpans;
      if (first === undefined) return;
      // An empty bucket in front of the others.
      const wider = {
        ...one,
        positiveSpans: [
          { offset: first.offset - 1, length: first.length + 1 },
          ...one.positiveSpans.slice(1),
        ],
        positiveBuckets: [0, ...one.positiveBuckets],
      };
      expect(histogramWords(wider)).toEqual(words);
      expect(histogramWords({ ...one, count: one.count === 7 ? 8 : 7 })).not.toEqual(words);
    }),
  );
});
