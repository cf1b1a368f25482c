import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeMetricFamilies,
  encodeOpenMetrics,
  formatOpenMetricsFloat,
} from '../../src/formats/index.ts';
import {
  type FamilyMessage,
  familiesBody,
  type MetricMessage,
} from '../support/metric-families.ts';
import { PROTOBUF_TYPE } from '../support/native-target.ts';
import { type Answer, FAILED, OPENMETRICS, scrapeAll } from '../support/pull-fixture.ts';

const value = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.double({ min: 0, max: 1e9, noNaN: true }).map((number) => number + 0),
);
const count = fc.integer({ min: 0, max: 1000 });
const time = fc.option(fc.integer({ min: 1, max: 1_700_000_000_000 }), {
  nil: undefined,
  freq: 8,
});

/** What a metric of each type has, of the labels given. */
const parts: Readonly<Record<string, fc.Arbitrary<MetricMessage>>> = {
  GAUGE: value.map((number) => ({ gauge: { value: number } })),
  COUNTER: value.map((number) => ({ counter: { value: number } })),
  UNTYPED: value.map((number) => ({ untyped: { value: number } })),
  SUMMARY: fc.record({ count, sum: value, median: value }).map((of) => ({
    summary: {
      sample_count: of.count,
      sample_sum: of.sum,
      quantile: [
        { quantile: 0.5, value: of.median },
        { quantile: 1, value: of.sum },
      ],
    },
  })),
  HISTOGRAM: fc.record({ first: count, second: count, sum: value }).map((of) => ({
    histogram: {
      sample_count: of.first + of.second,
      sample_sum: of.sum,
      bucket: [
        { upper_bound: 1, cumulative_count: of.first },
        { upper_bound: 2.5, cumulative_count: of.first + of.second },
      ],
    },
  })),
};

const family = fc.constantFrom(...Object.keys(parts)).chain((type) =>
  fc.record({
    type: fc.constant(type as NonNullable<FamilyMessage['type']>),
    suffix: fc.constantFrom('a', 'b', 'c'),
    metrics: fc.uniqueArray(
      fc.record({ shop: fc.constantFrom('', 'n', 's', 'w'), time, part: parts[type]! }),
      { selector: ({ shop }) => shop, minLength: 1, maxLength: 4 },
    ),
  }),
);

/** A body of families, each once, or a failure. */
const body = fc.option(
  fc.uniqueArray(family, {
    selector: ({ type, suffix }) => `${type}${suffix}`,
    minLength: 1,
    maxLength: 6,
  }),
  { nil: undefined, freq: 6 },
);
type Body = typeof body extends fc.Arbitrary<infer T> ? NonNullable<T> : never;

function messagesOf(families: Body): FamilyMessage[] {
  return families.map(({ type, suffix, metrics }) => ({
    name: `${type.toLowerCase()}_${suffix}${type === 'COUNTER' ? '_total' : ''}`,
    type,
    metric: metrics.map(({ shop, time: at, part }) => ({
      ...part,
      label: shop === '' ? [] : [{ name: 'shop', value: shop }],
      ...(at === undefined ? {} : { timestamp_ms: at }),
    })),
  }));
}

test('a target says the same in protobuf as in text, scrape after scrape', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(body, { minLength: 1, maxLength: 5 }),
      fc.record({
        honor_timestamps: fc.boolean(),
        track_timestamps_staleness: fc.boolean(),
        sample_limit: fc.constantFrom(0, 0, 12),
        metric_relabel_configs: fc.constantFrom(
          [],
          [{ action: 'drop', source_labels: ['shop'], regex: 's' }],
          [{ action: 'labeldrop', regex: 'shop' }],
        ),
      }),
      async (bodies, config) => {
        const answers = bodies.map((families): { text: Answer; protobuf: Answer } => {
          if (families === undefined) return { text: FAILED, protobuf: FAILED };
          const bytes = familiesBody(messagesOf(families));
          const decoded = decodeMetricFamilies(bytes, {
            maxTextBytes: 1e6,
            formatBound: formatOpenMetricsFloat,
          });
          return {
            text: { body: encodeOpenMetrics(decoded), contentType: OPENMETRICS },
            protobuf: { body: bytes, contentType: PROTOBUF_TYPE },
          };
        });
        const text = await scrapeAll(
          answers.map((answer) => answer.text),
          config,
        );
        const protobuf = await scrapeAll(
          answers.map((answer) => answer.protobuf),
          config,
        );
        expect(protobuf.storage.all()).toEqual(text.storage.all());
        // How much of a body that is beyond the limit is looked at before it is refused differs.
        if (config.sample_limit > 0) return;
        expect(protobuf.counts['samplesDuplicate']).toBe(text.counts['samplesDuplicate']);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
