import { expect, test } from 'vitest';
import {
  describeFamilies,
  describeMessages,
  type FamilyMessage,
  familiesBody,
} from '../../../test/support/metric-families.ts';
import { encodeText } from '../exposition/encode.ts';
import { decodeMetricFamilies } from './decode.ts';
import { ExpositionProtoError } from './errors.ts';

const OPTIONS = { maxTextBytes: 1 << 20 };

function decode(families: readonly FamilyMessage[]) {
  return decodeMetricFamilies(familiesBody(families), OPTIONS);
}

/** Where and why a body is refused. */
function refusal(body: Uint8Array | readonly FamilyMessage[], options = OPTIONS): string {
  const bytes = body instanceof Uint8Array ? body : familiesBody(body);
  try {
    decodeMetricFamilies(bytes, options);
    return '';
  } catch (error) {
    if (!(error instanceof ExpositionProtoError)) throw error;
    expect(error.message).toContain(`at byte ${error.offset}:`);
    return error.message.replace(/^bad protobuf exposition at byte /, '');
  }
}

const label = [{ name: 'code', value: '200' }];

test('families become those of text, with the bounds spelt as Go spells them', () => {
  const families = decode([
    { name: 'c_total', help: 'a\nb', type: 'COUNTER', metric: [{ label, counter: { value: 3 } }] },
    { name: 'g', type: 'GAUGE', unit: 'seconds', metric: [{ gauge: {}, timestamp_ms: 7 }] },
    { name: 'u', type: 'UNTYPED', metric: [{ untyped: { value: NaN } }] },
    {
      name: 's',
      type: 'SUMMARY',
      metric: [
        {
          label,
          summary: { sample_count: 2, sample_sum: 5, quantile: [{ quantile: 0.5, value: 1 }] },
        },
      ],
    },
    {
      name: 'h',
      type: 'HISTOGRAM',
      metric: [
        {
          label,
          histogram: {
            sample_count: 4,
            sample_sum: 1.5,
            bucket: [
              { upper_bound: 0.00005, cumulative_count: 1 },
              { upper_bound: 1, cumulative_count: 2 },
              { upper_bound: 2_500_000, cumulative_count_float: 2.5 },
            ],
          },
        },
      ],
    },
    { name: 'none', type: 'GAUGE' },
  ]);
  expect(encodeText(families)).toBe(`# HELP c_total a\\nb
# TYPE c_total counter
c_total{code="200"} 3
# TYPE g gauge
g 0 7
# TYPE u untyped
u NaN
# TYPE s summary
s{code="200",quantile="0.5"} 1
s_sum{code="200"} 5
s_count{code="200"} 2
# TYPE h histogram
h_bucket{code="200",le="5e-05"} 1
h_bucket{code="200",le="1"} 2
h_bucket{code="200",le="2.5e+06"} 2.5
h_bucket{code="200",le="+Inf"} 4
h_sum{code="200"} 1.5
h_count{code="200"} 4
# TYPE none gauge
`);
  expect(families[1]?.unit).toBe('seconds');
});

test('exemplars belong to their samples; created timestamps are no samples', () => {
  const trace = [{ name: 'trace_id', value: 'x' }];
  const messages: FamilyMessage[] = [
    {
      name: 'c',
      type: 'COUNTER',
      metric: [
        {
          counter: {
            value: 1,
            exemplar: { label: trace, value: 2, timestamp: { seconds: 3, nanos: 456_789_000 } },
            created_timestamp: { seconds: 1 },
          },
        },
      ],
    },
    {
      name: 'h',
      type: 'HISTOGRAM',
      metric: [{ histogram: { bucket: [{ upper_bound: 1, exemplar: { label: trace } }] } }],
    },
  ];
  const [counter, histogram] = decode(messages);
  expect(counter?.samples).toHaveLength(1);
  expect(counter?.samples[0]?.exemplar).toEqual({
    labelPairs: ['trace_id', 'x'],
    value: 2,
    timestamp: 3456,
  });
  expect(histogram?.samples[0]?.exemplar?.timestamp).toBeUndefined();
  expect(describeFamilies(decode(messages))).toEqual(describeMessages(messages));
});

test('native histograms, integer and float, gauge, empty, and beside a classic one', () => {
  const native = {
    schema: 1,
    zero_threshold: 0.001,
    zero_count: 2,
    sample_count: 12,
    sample_sum: -3,
    positive_span: [
      { offset: -2, length: 2 },
      { offset: 1, length: 0 },
      { offset: 2, length: 1 },
    ],
    positive_delta: [3, -1, 1],
    negative_span: [{ offset: 0, length: 1 }],
    negative_delta: [2],
  };
  const float = {
    sample_count_float: 2.5,
    positive_span: [{ offset: 0, length: 1 }],
    positive_count: [2.5],
  };
  const messages: FamilyMessage[] = [
    { name: 'i', type: 'HISTOGRAM', metric: [{ label, histogram: native }] },
    { name: 'f', type: 'GAUGE_HISTOGRAM', metric: [{ histogram: float }] },
    {
      name: 'empty',
      type: 'HISTOGRAM',
      metric: [{ histogram: { positive_span: [{ offset: 0, length: 0 }] } }],
    },
    {
      name: 'both',
      type: 'HISTOGRAM',
      metric: [{ histogram: { ...native, bucket: [{ upper_bound: 1, cumulative_count: 5 }] } }],
    },
  ];
  const [integers, floats, empty, both] = decode(messages);
  expect(integers?.samples).toEqual([]);
  expect(integers?.nativeHistograms[0]?.histogram).toMatchObject({
    counterReset: 'unknown',
    count: 12,
    zeroCount: 2,
    positiveSpans: [
      { offset: -2, length: 2 },
      { offset: 3, length: 1 },
    ],
    positiveBuckets: [3, 2, 3],
    negativeBuckets: [2],
  });
  expect(floats?.nativeHistograms[0]?.histogram).toMatchObject({
    counterReset: 'gauge',
    count: 2.5,
    positiveBuckets: [2.5],
  });
  expect(empty?.nativeHistograms[0]?.histogram).toMatchObject({ count: 0, positiveSpans: [] });
  expect(both?.samples).toHaveLength(4);
  expect(both?.nativeHistograms).toHaveLength(1);
  expect(describeFamilies(decode(messages))).toEqual(describeMessages(messages));
});

test('what is no such body is refused, with the place', () => {
  const one = familiesBody([{ name: 'a', type: 'GAUGE', metric: [{ gauge: { value: 1 } }] }]);
  expect(refusal(new Uint8Array())).toBe('');
  expect(refusal(one.subarray(0, -1))).toMatch(
    /^1: a field of \d+ bytes, \d+ being left \(read as/,
  );
  expect(refusal(Buffer.concat([one, Buffer.of(0x80)]))).toMatch(/^19: it ends inside a number/);
  expect(refusal(Buffer.from('# TYPE a gauge\na 1\n'))).toMatch(/being left|wire type|field key/);
  expect(refusal(Buffer.of(2, 0x0a, 0x05))).toMatch(/^3: a field of 5 bytes, 0 being left/);
  // A group, which nobody writes.
  expect(refusal(Buffer.of(1, 0x33))).toMatch(/^2: wire type 3 of field 6/);
  // A field from the future between others.
  const future = Buffer.concat([Buffer.of(one[0]! + 3), one.subarray(1), Buffer.of(0xf8, 0x01, 1)]);
  expect(decodeMetricFamilies(future, OPTIONS)[0]?.samples).toHaveLength(1);
});

test('names, labels and types that do not fit are refused by name', () => {
  const gauge = { gauge: { value: 1 } };
  const check = (family: FamilyMessage, wanted: string): void => {
    expect(refusal([family])).toBe(wanted);
  };
  check({ metric: [gauge] }, '0: a family without a name, wanted a name');
  check(
    { name: 'a', type: 'COUNTER', metric: [gauge] },
    '7: a metric of family "a" without a value, wanted its counter message',
  );
  const once = 'wanted each label name once, and none that the type gives';
  check(
    { name: 'a', type: 'GAUGE', metric: [{ ...gauge, label: [...label, ...label] }] },
    `7: a metric of family "a" with label "code", ${once}`,
  );
  check(
    { name: 'a', type: 'GAUGE', metric: [{ ...gauge, label: [{ name: '__name__' }] }] },
    `7: a metric of family "a" with label "__name__", ${once}`,
  );
  check(
    { name: 'a', type: 'HISTOGRAM', metric: [{ histogram: {}, label: [{ name: 'le' }] }] },
    `7: a metric of family "a" with label "le", ${once}`,
  );
  check(
    { name: 'a', type: 'GAUGE', metric: [{ ...gauge, label: [{ value: 'x' }] }] },
    '9: an empty label name, wanted a name',
  );
  expect(refusal(Buffer.of(5, 0x0a, 1, 0x61, 0x18, 6))).toBe(
    '0: type 6 of family "a", wanted one of 0 to 5',
  );
  expect(refusal(Buffer.of(4, 0x0a, 2, 0x61, 0xff))).toMatch(/^3: family name .*valid UTF-8$/);
  const twice: FamilyMessage = { name: 'a', type: 'GAUGE', metric: [gauge] };
  expect(refusal([twice, twice])).toBe('19: family "a" a second time, wanted each family once');
});

test('what contradicts itself is refused', () => {
  const histogram = (parts: object): string =>
    refusal([{ name: 'h', type: 'HISTOGRAM', metric: [{ histogram: parts }] }]);
  expect(histogram({ bucket: [{ upper_bound: 1 }, { upper_bound: 1 }] })).toContain(
    'a bucket with upper bound 1, wanted bounds that are numbers, each once',
  );
  expect(histogram({ bucket: [{ upper_bound: NaN }] })).toContain('upper bound NaN');
  expect(histogram({ positive_span: [{ length: 2 }], positive_delta: [1] })).toContain(
    'positive spans cover 2 buckets, 1 being there, wanted a valid native histogram',
  );
  expect(histogram({ schema: 9, zero_threshold: 1 })).toBe('');
  expect(histogram({ schema: 53, zero_threshold: 1 })).toContain('schema 53');
  expect(histogram({ schema: -53, zero_threshold: 1 })).toContain('schema -53');
  expect(histogram({ zero_threshold: Infinity })).toContain('a count or threshold of Infinity');
  const quantile = [{ quantile: 1 }, { quantile: 1 }];
  expect(refusal([{ name: 's', type: 'SUMMARY', metric: [{ summary: { quantile } }] }])).toContain(
    'with quantile 1 twice',
  );
  const long = { label: [{ name: 'a', value: 'é'.repeat(128) }] };
  expect(
    refusal([{ name: 'c', type: 'COUNTER', metric: [{ counter: { exemplar: long } }] }]),
  ).toContain('129 characters of exemplar labels, wanted at most 128');
});

test('a small body does not grow without bound', () => {
  const bucket = Array.from({ length: 2000 }, (_, bound) => ({ upper_bound: bound + 1 }));
  const wide = [{ name: 'l', value: 'x'.repeat(2000) }];
  const body: FamilyMessage[] = [
    { name: 'h', type: 'HISTOGRAM', metric: [{ label: wide, histogram: { bucket } }] },
  ];
  expect(refusal(body)).toContain('more than 1048576 bytes of series, written out');
  expect(refusal(body, { maxTextBytes: 8 << 20 })).toBe('');
  const positive_delta = Array.from({ length: 1 << 18 }, () => 0);
  const counts = { positive_span: [{ length: positive_delta.length }], positive_delta };
  const native: FamilyMessage[] = [
    { name: 'h', type: 'HISTOGRAM', metric: [{ histogram: counts }] },
  ];
  expect(refusal(native)).toContain('more than 1048576 bytes');
  expect(refusal(native, { maxTextBytes: 8 << 20 })).toBe('');
});
