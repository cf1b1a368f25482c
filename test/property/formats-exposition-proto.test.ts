import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeMetricFamilies,
  ExpositionProtoError,
  ProtoExposition,
} from '../../src/formats/exposition-proto/index.ts';
import { decodeIdentity } from '../../src/formats/exposition/index.ts';
import {
  clientModelFamily,
  describeFamilies,
  describeMessages,
  type FamilyMessage,
  familiesBody,
  readFamilies,
} from '../support/metric-families.ts';
import { conformancePath, requires } from '../support/requirements.ts';

const MAX_TEXT_BYTES = 1 << 22;

/** Reads a body to the end, or to an ExpositionProtoError within it; says whether it was taken. */
function tryRead(bytes: Uint8Array): boolean {
  try {
    const exposition = new ProtoExposition(bytes, { maxTextBytes: MAX_TEXT_BYTES });
    const length = exposition.bytes.length;
    const check = (start: number, end: number): void => {
      expect(start).toBeLessThan(end);
      expect(end).toBeLessThanOrEqual(length);
      decodeIdentity(exposition.bytes, start, end, 0);
    };
    exposition.scan({ sample: check, nativeHistogram: check });
    exposition.validate();
    return true;
  } catch (error) {
    if (!(error instanceof ExpositionProtoError)) throw error;
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(bytes.length);
    return false;
  }
}

test('any bytes give families or an ExpositionProtoError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void tryRead(bytes)),
    { numRuns: 5000 },
  );
  // Keys and small lengths, so that random messages nest.
  const likely = fc.constantFrom(
    ...[0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x3a, 0x4a, 0x62, 0x6a, 0x82, 0x08, 0x09, 0x10, 0x11, 0x18],
    ...[0x28, 0x31, 0x38, 0, 1, 2, 3, 4, 5, 8, 20, 0x61, 0x80],
  );
  fc.assert(
    fc.property(fc.array(likely, { maxLength: 80 }), (bytes) => {
      // A length that fits, so that what follows is looked at.
      tryRead(Uint8Array.of(bytes.length, ...bytes));
    }),
    { numRuns: 5000 },
  );
});

/** A value, or the field not sent. */
function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const text = fc.string({ unit: 'grapheme', maxLength: 6 });
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
const label = fc
  .dictionary(
    name.filter((one) => one !== 'le' && one !== 'quantile'),
    text,
    { maxKeys: 3, noNullPrototype: true },
  )
  .map((object) => Object.entries(object).map(([key, value]) => ({ name: key, value })));
const count = fc.nat({ max: 2 ** 30 });
const value = fc.double();
const seconds = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
const exemplar = fc.record({
  label,
  value,
  timestamp: maybe(fc.record({ seconds, nanos: fc.nat({ max: 999_999_999 }) })),
});
const bucket = fc.record({
  cumulative_count: maybe(count),
  cumulative_count_float: maybe(fc.double({ min: 0, noNaN: true })),
  upper_bound: fc.double({ noNaN: true }),
  exemplar: maybe(exemplar),
});
const side = fc
  .array(fc.tuple(fc.nat({ max: 9 }), fc.array(fc.nat({ max: 99 }), { maxLength: 4 })), {
    maxLength: 3,
  })
  .map((runs) => ({
    spans: runs.map(([offset, counts]) => ({ offset, length: counts.length })),
    counts: runs.flatMap(([, counts]) => counts),
  }));
const native = fc
  .record({ positive: side, negative: side, isFloat: fc.boolean(), zero: fc.nat({ max: 99 }) })
  .map(({ positive, negative, isFloat, zero }) => {
    const total = [...positive.counts, ...negative.counts].reduce((sum, one) => sum + one, zero);
    const deltas = (counts: readonly number[]) =>
      counts.map((one, index) => one - (counts[index - 1] ?? 0));
    return {
      positive_span: positive.spans,
      negative_span: negative.spans,
      ...(isFloat
        ? {
            sample_count_float: total + 0.5,
            zero_count_float: zero,
            positive_count: positive.counts,
            negative_count: negative.counts,
          }
        : {
            sample_count: total,
            zero_count: zero,
            positive_delta: deltas(positive.counts),
            negative_delta: deltas(negative.counts),
          }),
    };
  });
const histogram = fc
  .record({
    classic: fc.uniqueArray(bucket, { maxLength: 4, selector: (one) => one.upper_bound + 0 }),
    native: maybe(native),
    sample_sum: maybe(value),
    schema: fc.integer({ min: -4, max: 8 }),
    zero_threshold: fc.double({ min: 0, max: 10, noNaN: true }),
    exemplars: fc.array(exemplar, { maxLength: 2 }),
    sample_count: count,
  })
  .map(({ classic, native: counts, schema, zero_threshold, exemplars, ...rest }) => ({
    ...rest,
    bucket: classic,
    ...(counts === undefined ? {} : { ...counts, schema, zero_threshold, exemplars }),
  }));

const VALUES = {
  COUNTER: fc.record({ counter: fc.record({ value: maybe(value), exemplar: maybe(exemplar) }) }),
  GAUGE: fc.record({ gauge: fc.record({ value: maybe(value) }) }),
  UNTYPED: fc.record({ untyped: fc.record({ value: maybe(value) }) }),
  SUMMARY: fc.record({
    summary: fc.record({
      sample_count: maybe(count),
      sample_sum: maybe(value),
      quantile: fc.uniqueArray(fc.record({ quantile: fc.double({ min: 0, max: 1 }), value }), {
        maxLength: 3,
        selector: (one) => one.quantile + 0,
      }),
    }),
  }),
  HISTOGRAM: fc.record({ histogram }),
  GAUGE_HISTOGRAM: fc.record({ histogram }),
} as const;

const family = fc
  .constantFrom(...(Object.keys(VALUES) as (keyof typeof VALUES)[]))
  .chain((type) =>
    fc.record({
      name,
      type: fc.constant(type),
      help: maybe(text),
      unit: maybe(text),
      metric: fc.array(
        fc
          .tuple(VALUES[type], fc.record({ label, timestamp_ms: maybe(seconds) }))
          .map(([own, shared]) => withoutUndefined({ ...shared, ...own })),
        { maxLength: 3 },
      ),
    }),
  )
  .map((one): FamilyMessage => withoutUndefined(one) as FamilyMessage);

const families = fc.uniqueArray(family, { maxLength: 4, selector: (one) => one.name ?? '' });

/** Fields that are undefined would be sent by some encoders. */
function withoutUndefined<T>(message: T): T {
  return JSON.parse(JSON.stringify(message, keepNumber), revive) as T;
}

const ODD_NUMBER = /^number:(.*)$/;

function keepNumber(_: string, one: unknown): unknown {
  const isOdd = typeof one === 'number' && (!Number.isFinite(one) || Object.is(one, -0));
  return isOdd ? `number:${Object.is(one, -0) ? '-0' : one}` : one;
}

function revive(_: string, one: unknown): unknown {
  const found = typeof one === 'string' ? ODD_NUMBER.exec(one) : null;
  return found === null ? one : Number(found[1]);
}

function check(messages: readonly FamilyMessage[], body: Uint8Array): void {
  const decoded = decodeMetricFamilies(body, { maxTextBytes: MAX_TEXT_BYTES });
  expect(describeFamilies(decoded)).toEqual(describeMessages(messages));
}

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(families, (messages) => check(messages, familiesBody(messages))),
    { numRuns: 500 },
  );
});

requires({ conformance: 'protos' }).test('as protobufjs reads it by client_model', () => {
  const type = clientModelFamily();
  fc.assert(
    fc.property(families, (messages) => {
      const body = familiesBody(messages, type);
      check(messages, body);
      check(readFamilies(body, type), body);
    }),
    { numRuns: 300 },
  );
});

requires({ conformance: 'exposition-real' }).describe('real bodies', () => {
  test('mutated', () => {
    const folder = conformancePath('exposition-real');
    const bodies = readdirSync(folder)
      .filter((file) => file.endsWith('.pb'))
      .map((file) => readFileSync(join(folder, file)).subarray(0, 4000));
    expect(bodies.length).toBeGreaterThan(2);
    const change = fc.tuple(fc.nat({ max: 3999 }), fc.nat({ max: 255 }));
    let taken = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.array(change, { maxLength: 3 }),
        fc.nat({ max: 4000 }),
        (body, changes, end) => {
          const bytes = Uint8Array.from(body.subarray(0, end));
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
          if (tryRead(bytes)) taken++;
        },
      ),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(0);
  });

  test('cut at every byte', () => {
    const file = `${conformancePath('exposition-real')}/handmade-native-histograms.any.pb`;
    const body = readFileSync(file);
    const whole = body.map((_, end) => Number(tryRead(body.subarray(0, end)))).filter(Boolean);
    // At the end of each message, and before the first.
    const count = decodeMetricFamilies(body, { maxTextBytes: MAX_TEXT_BYTES }).length;
    expect(whole).toHaveLength(count);
  });
});
