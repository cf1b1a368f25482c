import {
  AggregationType,
  InstrumentType,
  MeterProvider,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { exponentialHistogram } from './native-histogram.ts';
import { labelNameOf, metricNameOf } from './opentelemetry-names.ts';
import { openTelemetryReader, type OpenTelemetryReaderOptions } from './opentelemetry-reader.ts';

function setUp(options: OpenTelemetryReaderOptions = {}, views: ViewOptions[] = []) {
  const reader = openTelemetryReader({ targetInfo: false, scopeLabels: false, ...options });
  // That it compiles is part of the test: the reader has the SDK's shape.
  const provider = new MeterProvider({ readers: [reader], views });
  const meter = provider.getMeter('shop', '1.2.0');
  const lines = async (): Promise<string[]> => {
    const text = await reader.metrics();
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('# HELP'));
  };
  return { reader, provider, meter, lines };
}

test('counters, gauges and sums come under the names that Prometheus gives them', async () => {
  const { meter, lines } = setUp();
  meter
    .createCounter('http.server.requests', { unit: '{request}' })
    .add(3, { 'http.method': 'GET' });
  meter.createCounter('sent', { unit: 'By' }).add(10);
  meter.createUpDownCounter('queue.length').add(-2);
  meter.createObservableGauge('load', { unit: '1' }).addCallback((result) => result.observe(0.5));
  expect(await lines()).toEqual([
    '# TYPE http_server_requests_total counter',
    'http_server_requests_total{http_method="GET"} 3',
    '# TYPE sent_bytes_total counter',
    'sent_bytes_total 10',
    '# TYPE queue_length gauge',
    'queue_length -2',
    '# TYPE load_ratio gauge',
    'load_ratio 0.5',
  ]);
});

test('a histogram has cumulative buckets, its count and its sum', async () => {
  const { meter, lines } = setUp();
  const advice = { explicitBucketBoundaries: [0.1, 1] };
  const took = meter.createHistogram('took', { unit: 's', advice });
  for (const value of [0.0625, 0.5, 0.5, 8]) took.record(value);
  expect(await lines()).toEqual([
    '# TYPE took_seconds histogram',
    'took_seconds_bucket{le="0.1"} 1',
    'took_seconds_bucket{le="1"} 3',
    'took_seconds_bucket{le="+Inf"} 4',
    'took_seconds_count 4',
    'took_seconds_sum 9.0625',
  ]);
});

test('an exponential histogram becomes a classic one with powers of two, counted exactly', async () => {
  const { meter, lines } = setUp({}, [
    {
      instrumentType: InstrumentType.HISTOGRAM,
      aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 160 } },
    },
  ]);
  const sizes = meter.createHistogram('size');
  const want = async (values: readonly number[]): Promise<void> => {
    for (const value of values) sizes.record(value);
    all.push(...values);
    for (const line of await lines()) {
      const bound = /le="([^"]+)"\} (\d+)$/.exec(line);
      if (bound === null || bound[1] === '+Inf') continue;
      const below = all.filter((value) => value <= Number(bound[1])).length;
      expect(`${line} of ${below}`).toBe(`${line} of ${bound[2]}`);
      expect(Number.isInteger(Math.log2(Number(bound[1]))) || bound[1] === '0').toBe(true);
    }
  };
  const all: number[] = [];
  await want([0, 1, 1.5, 2, 2.0001, 3, 100, 128]);
  // So wide a range makes the SDK merge its buckets.
  await want([1e-9, 1e9, 7]);
  await want([1e-300, 1e300]);
  expect(await lines()).toContain('size_count 13');
});

test('resource and scope are told as the specification says', async () => {
  const { meter, lines } = setUp({ targetInfo: true, scopeLabels: true });
  meter.createCounter('orders').add(1);
  const text = (await lines()).join('\n');
  expect(text).toMatch(/^target_info\{.*service_name="unknown_service/m);
  expect(text).toMatch(/orders_total\{otel_scope_name="shop", ?otel_scope_version="1.2.0"\} 1/);
});

test('a callback that throws takes nothing else with it, and is told', async () => {
  const errors: unknown[] = [];
  const { meter, lines } = setUp({ onError: (error) => errors.push(error) });
  meter.createObservableGauge('broken').addCallback(() => {
    throw new Error('no');
  });
  meter.createCounter('fine').add(1);
  expect(await lines()).toContain('fine_total 1');
  expect(errors).toHaveLength(1);
});

test('the SDK flushes and closes the client that reads it', async () => {
  const { reader, provider } = setUp();
  const calls: string[] = [];
  reader.attach?.({
    flush: async () => void calls.push('flush'),
    close: async () => void calls.push('close'),
  });
  await provider.forceFlush();
  await provider.shutdown();
  expect(calls).toEqual(['flush', 'close']);
});

test('a reader without a MeterProvider, or with two, says so', async () => {
  await expect(openTelemetryReader().getMetricsAsJSON()).rejects.toThrow(/has no MeterProvider/);
  const { reader } = setUp();
  expect(() => new MeterProvider({ readers: [reader] })).toThrow(/one MeterProvider only/);
});

test('names', () => {
  expect(metricNameOf('a.b-c', '', 'gauge')).toBe('a_b_c');
  expect(metricNameOf('speed', 'm/s', 'gauge')).toBe('speed_meters_per_second');
  expect(metricNameOf('x.total', '', 'counter')).toBe('x_total');
  expect(metricNameOf('took.seconds', 's', 'histogram')).toBe('took_seconds');
  expect(metricNameOf('2xx', '', 'counter')).toBe('_2xx_total');
  expect(metricNameOf('weird', '{packets}/s', 'gauge')).toBe('weird_per_second');
  expect(labelNameOf('http.method')).toBe('http_method');
  expect(labelNameOf('1st')).toBe('_1st');
});

test('with native histograms, buckets are those that the SDK counts in', async () => {
  const { meter, reader, lines } = setUp({ nativeHistograms: true }, [
    {
      instrumentName: 'size',
      aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
    },
  ]);
  const size = meter.createHistogram('size');
  for (const value of [0, 1, 2, 1024]) size.record(value);
  const advice = { explicitBucketBoundaries: [0.1, 1] };
  const took = meter.createHistogram('took', { advice });
  for (const value of [0.0625, 0.5, 8]) took.record(value);
  const metrics = await reader.getMetricsAsJSON();
  const [exponential] = metrics.find(({ name }) => name === 'size')?.values ?? [];
  expect(exponential?.histogram).toMatchObject({ zeroCount: 1, sum: 1027, customValues: [] });
  const { schema = NaN, positiveSpans = [], positiveBuckets } = exponential?.histogram ?? {};
  expect(positiveBuckets).toEqual([1, 1, 1]);
  // Upper bounds of the buckets, each of which includes its own.
  let index = 0;
  const bounds = positiveSpans.flatMap(({ offset, length }) => {
    index += offset;
    return Array.from({ length }, () => 2 ** (index++ / 2 ** schema));
  });
  for (const [at, value] of [1, 2, 1024].entries()) {
    expect(bounds[at]).toBeGreaterThanOrEqual(value);
    expect((bounds[at] ?? 0) / 2 ** (1 / 2 ** schema)).toBeLessThan(value);
  }
  const [custom] = metrics.find(({ name }) => name === 'took')?.values ?? [];
  expect(custom).toMatchObject({
    value: 3,
    histogram: { schema: -53, customValues: [0.1, 1], positiveBuckets: [1, 1, 1], count: 3 },
  });
  // In the text they are classic.
  expect(await lines()).toContain('took_bucket{le="1"} 2');
});

test('an exponential histogram finer than native ones go is taken down, and counts the same', () => {
  const none = { offset: 0, bucketCounts: [] };
  const positive = { offset: -3, bucketCounts: [1, 2, 0, 4, 8] };
  const fine = { scale: 10, zeroCount: 0, count: 15, sum: 1, positive, negative: none };
  expect(exponentialHistogram(fine)).toMatchObject({
    schema: 8,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: [3, 12],
  });
  expect(exponentialHistogram({ ...fine, scale: -5 })).toBeUndefined();
});
