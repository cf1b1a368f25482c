import { describe, expect, it } from 'vitest';
import { type FamilyMessage, familiesBody } from '../../../test/support/metric-families.ts';
import { PROTOBUF_TYPE } from '../../../test/support/native-target.ts';
import {
  type Answer,
  FAILED,
  OPENMETRICS,
  type PullFixture,
  scrapeAll,
  TEXT,
} from '../../../test/support/pull-fixture.ts';

const NATIVE = { scrape_native_histograms: true };

const LATENCY: FamilyMessage = {
  name: 'latency',
  type: 'HISTOGRAM',
  help: 'How long.',
  metric: [
    {
      label: [{ name: 'path', value: '/a' }],
      histogram: {
        sample_count: 7,
        sample_sum: 12.5,
        schema: 2,
        zero_threshold: 0.001,
        zero_count: 1,
        positive_span: [
          { offset: -3, length: 2 },
          { offset: 4, length: 1 },
        ],
        positive_delta: [2, 1, -2],
        bucket: [
          { upper_bound: 1, cumulative_count: 4, exemplar: { value: 0.5 } },
          { upper_bound: 2e6, cumulative_count: 7 },
        ],
      },
    },
  ],
};

const CLASSIC: FamilyMessage = {
  name: 'size',
  type: 'HISTOGRAM',
  metric: [
    {
      histogram: {
        sample_count: 9,
        sample_sum: 40,
        bucket: [
          { upper_bound: 1, cumulative_count: 3 },
          { upper_bound: 10, cumulative_count: 3 },
          { upper_bound: 100, cumulative_count: 8 },
        ],
      },
    },
  ],
};

function protobuf(...families: FamilyMessage[]): Answer {
  return { body: familiesBody(families), contentType: PROTOBUF_TYPE };
}

/** Names of the scraped series with the bound of buckets, without those of the report. */
function seriesOf({ storage }: PullFixture): string[] {
  return Object.keys(storage.all())
    .filter((series) => !/^(?:scrape_|up\{)/.test(series))
    .map((series) => series.replace(/\{.*?(?:le="([^"]*)".*)?\}$/, ' $1').trim())
    .sort();
}

const CLASSIC_LATENCY = [
  'latency_bucket +Inf',
  'latency_bucket 1.0',
  'latency_bucket 2e+06',
  'latency_count',
  'latency_sum',
];

describe('a scrape of protobuf', () => {
  it('asks for it first where native histograms are wanted, and stores them', async () => {
    const fixture = await scrapeAll([protobuf(LATENCY)], NATIVE);
    expect(fixture.requests[0]?.headers['accept']).toMatch(
      /^application\/vnd\.google\.protobuf;proto=io\.prometheus\.client\.MetricFamily;encoding=delimited;q=0\.6,application\/openmetrics-text;version=1\.0\.0;escaping=allow-utf-8;q=0\.5,.*\*\/\*;q=0\.1$/,
    );
    expect(fixture.target().lastError).toBe('');
    expect(seriesOf(fixture)).toEqual(['latency']);
    expect(fixture.storage.values('latency', { path: '/a', job: 'j' })).toEqual([
      {
        counterReset: 'unknown',
        schema: 2,
        zeroThreshold: 0.001,
        zeroCount: 1,
        count: 7,
        sum: 12.5,
        positiveSpans: [
          { offset: -3, length: 2 },
          { offset: 4, length: 1 },
        ],
        positiveBuckets: [2, 3, 1],
        negativeSpans: [],
        negativeBuckets: [],
        customValues: [],
      },
    ]);
    expect(fixture.storage.metadata.get('latency')).toEqual({
      type: 'histogram',
      help: 'How long.',
      unit: '',
    });
    expect(fixture.storage.values('scrape_samples_scraped')).toEqual([1]);
    expect(fixture.counts['samplesAppended']).toBe(6);
  });

  it('reads the classic part where native histograms are not wanted', async () => {
    const fixture = await scrapeAll([protobuf(LATENCY)], { scrape_protocols: ['PrometheusProto'] });
    expect(seriesOf(fixture)).toEqual(CLASSIC_LATENCY);
    expect(fixture.storage.values('latency_bucket', { le: '+Inf' })).toEqual([7]);
    expect(fixture.storage.exemplars).toHaveLength(1);
  });

  it('takes both where both are wanted', async () => {
    const config = { ...NATIVE, always_scrape_classic_histograms: true };
    const fixture = await scrapeAll([protobuf(LATENCY)], config);
    expect(seriesOf(fixture)).toEqual(['latency', ...CLASSIC_LATENCY]);
  });

  it('makes custom buckets of classic histograms, but never of native ones', async () => {
    const config = { ...NATIVE, convert_classic_histograms_to_nhcb: true };
    const fixture = await scrapeAll([protobuf(LATENCY, CLASSIC)], config);
    expect(seriesOf(fixture)).toEqual(['latency', 'size']);
    expect(fixture.storage.values('latency')).toMatchObject([{ schema: 2 }]);
    expect(fixture.storage.values('size')).toMatchObject([
      {
        schema: -53,
        count: 9,
        sum: 40,
        customValues: [1, 10, 100],
        positiveSpans: [
          { offset: 0, length: 1 },
          { offset: 1, length: 2 },
        ],
        positiveBuckets: [3, 5, 1],
      },
    ]);
  });

  it('knows its series again, and marks those that vanish or fail as histograms', async () => {
    const fixture = await scrapeAll(
      [protobuf(LATENCY, CLASSIC), protobuf(LATENCY), FAILED, protobuf(LATENCY)],
      NATIVE,
    );
    const { storage } = fixture;
    const kinds = (name: string): unknown[] =>
      storage.values(name).map((value) => (typeof value === 'object' ? value.count : value));
    expect(kinds('latency')).toEqual([7, 7, 'stale histogram', 7]);
    expect(kinds('size_count')).toEqual([9, 'stale']);
    expect(storage.values('scrape_series_added')).toEqual([7, 0, 0, 0]);
  });

  it('makes series again that storage has dropped', async () => {
    const fixture = await scrapeAll([protobuf(LATENCY, CLASSIC)], NATIVE);
    fixture.storage.drop('latency');
    fixture.storage.drop('size_sum');
    await fixture.scrape();
    expect(fixture.storage.values('latency')).toMatchObject([{ count: 7 }]);
    expect(fixture.storage.values('size_sum')).toEqual([40]);
    expect(fixture.storage.values('size_count')).toEqual([9, 9]);
    await fixture.scrape();
    expect(fixture.storage.values('latency')).toHaveLength(2);
  });

  it('does not know series of a scrape that was not stored', async () => {
    const fixture = await scrapeAll([protobuf(CLASSIC)], NATIVE);
    fixture.answers.set('*', protobuf(CLASSIC, LATENCY));
    fixture.storage.failure = new Error('disk full');
    await fixture.scrape(2);
    expect(fixture.storage.values('latency')).toHaveLength(1);
    expect(fixture.storage.values('size_count')).toEqual([9, 9]);
  });

  it('goes over from text to protobuf and back without a marker for what goes on', async () => {
    const gauge: FamilyMessage = { name: 'g', type: 'GAUGE', metric: [{ gauge: { value: 2 } }] };
    const text: Answer = { body: '# TYPE g gauge\ng 1\n', contentType: TEXT };
    const { storage } = await scrapeAll([text, protobuf(gauge), text], NATIVE);
    expect(storage.values('g')).toEqual([1, 2, 1]);
  });

  it('makes histograms coarser, as asked', async () => {
    const factor = await scrapeAll([protobuf(LATENCY)], {
      ...NATIVE,
      native_histogram_min_bucket_factor: 2,
    });
    expect(factor.storage.values('latency')).toMatchObject([
      {
        schema: 0,
        positiveSpans: [{ offset: 0, length: 2 }],
        positiveBuckets: [5, 1],
      },
    ]);
    const limit = await scrapeAll([protobuf(LATENCY)], {
      ...NATIVE,
      native_histogram_bucket_limit: 2,
    });
    expect(limit.storage.values('latency')).toMatchObject([{ schema: 1, positiveBuckets: [5, 1] }]);
  });

  it('fails where a histogram has too many buckets in any schema', async () => {
    const fixture = await scrapeAll([protobuf(CLASSIC)], {
      convert_classic_histograms_to_nhcb: true,
      native_histogram_bucket_limit: 2,
    });
    expect(fixture.target().lastError).toContain('bucket limit exceeded');
    expect(fixture.storage.values('up')).toEqual([0]);
    expect(fixture.counts['exceededBucketLimit']).toBe(1);
    expect(seriesOf(fixture)).toEqual([]);
  });

  it('counts histograms against the limit of samples', async () => {
    const fixture = await scrapeAll([protobuf(LATENCY, CLASSIC)], { ...NATIVE, sample_limit: 6 });
    expect(fixture.target().lastError).toBe('sample limit exceeded');
    expect(fixture.storage.values('scrape_samples_scraped')).toEqual([7]);
    expect(fixture.storage.values('scrape_samples_post_metric_relabeling')).toEqual([7]);
  });

  it('fails for a body that is none, and is told by the fallback what an untyped one is', async () => {
    const broken = await scrapeAll([{ body: Buffer.from([9, 200]), contentType: PROTOBUF_TYPE }]);
    expect(broken.storage.values('up')).toEqual([0]);
    const untyped: Answer = { body: familiesBody([CLASSIC]), contentType: '' };
    const fixture = await scrapeAll([untyped], { fallback_scrape_protocol: 'PrometheusProto' });
    expect(fixture.storage.values('size_count')).toEqual([9]);
  });

  it('keeps the exemplars of native histograms that have a time, of the buckets where it has none', async () => {
    const [metric] = LATENCY.metric ?? [];
    const withExemplars = (histogram: object): FamilyMessage => ({
      ...LATENCY,
      metric: [{ ...metric, histogram: { ...metric?.histogram, ...histogram } }],
    });
    const timed = { value: 3, timestamp: { seconds: 1_700_000_000 } };
    const own = await scrapeAll(
      [protobuf(withExemplars({ exemplars: [{ value: 2 }, timed] }))],
      NATIVE,
    );
    expect(own.storage.exemplars.map(({ exemplar }) => exemplar.value)).toEqual([3]);
    const ofBuckets = { bucket: [{ upper_bound: 1, cumulative_count: 4, exemplar: timed }] };
    const other = await scrapeAll([protobuf(withExemplars(ofBuckets))], NATIVE);
    expect(other.storage.exemplars.map(({ exemplar }) => exemplar.value)).toEqual([3]);
  });
});

describe('classic histograms of text with convert_classic_histograms_to_nhcb', () => {
  const BODY = [
    '# TYPE size histogram',
    'size_bucket{shop="a",le="1.0"} 2 # {id="x"} 0.5 1700000000',
    'size_bucket{shop="a",le="+Inf"} 5',
    'size_count{shop="a"} 5',
    'size_sum{shop="a"} 20',
    'size_bucket{shop="b",le="1.0"} 3',
    'size_bucket{shop="b",le="+Inf"} 2',
    'size_count{shop="b"} 2',
    'size_sum{shop="b"} 1',
    '# TYPE up_to gauge',
    'up_to 1',
    '# EOF',
    '',
  ].join('\n');
  const answer: Answer = { body: BODY, contentType: OPENMETRICS };
  const CONVERT = { convert_classic_histograms_to_nhcb: true };

  it('become native ones; one that contradicts itself stays as it is', async () => {
    const fixture = await scrapeAll([answer, answer], CONVERT);
    const { storage } = fixture;
    expect(storage.values('size', { shop: 'a' })).toMatchObject([
      { schema: -53, customValues: [1], positiveBuckets: [2, 3], count: 5, sum: 20 },
      { count: 5 },
    ]);
    expect(storage.values('size_count', { shop: 'a' })).toEqual([]);
    expect(storage.values('size_count', { shop: 'b' })).toEqual([2, 2]);
    expect(storage.values('size', { shop: 'b' })).toEqual([]);
    expect(storage.values('up_to')).toEqual([1, 1]);
    expect(storage.values('scrape_series_added')).toEqual([6, 0]);
    expect(storage.exemplars[0]?.exemplar.labelPairs).toEqual(['id', 'x']);
  });

  it('are stored as well where that is asked for', async () => {
    const config = { ...CONVERT, always_scrape_classic_histograms: true };
    const { storage } = await scrapeAll([answer], config);
    expect(storage.values('size', { shop: 'a' })).toHaveLength(1);
    expect(storage.values('size_bucket', { shop: 'a', le: '1.0' })).toEqual([2]);
  });
});
