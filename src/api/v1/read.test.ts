import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiOptions, apiOptionsSchema } from '../options.ts';
import { createTestApi, type TestApi } from '../../../test/support/api-app.ts';
import { fixedOpenStorage } from '../../../test/support/captured-data.ts';
import { framesOf, seriesOfFrames } from '../../../test/support/remote-read-answers.ts';
import { prometheusType } from '../../../test/support/remote-write-protos.ts';
import { requires } from '../../../test/support/requirements.ts';
import type { TemporaryStorage } from '../../../test/support/temporary-storage.ts';
import { compress, compressedSizeMax, decompress, decompressedSize } from '../../formats/index.ts';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, Labels } from '../../model/index.ts';

const START = 1_700_000_000_000;
const SAMPLES = 1000;

/** The words of -0 and of 1/3. */
const MINUS_ZERO_HIGH = 0x8000_0000;
const THIRD_WORDS = [0x3fd5_5555, 0x5555_5555];

type Body = string | Uint8Array<ArrayBuffer>;

const HISTOGRAM: FloatHistogram = {
  counterReset: 'not_reset',
  schema: 2,
  zeroThreshold: 1e-128,
  zeroCount: 1,
  count: 13,
  sum: 7.25,
  positiveSpans: [
    { offset: -2, length: 2 },
    { offset: 3, length: 1 },
  ],
  positiveBuckets: [4, 1, 2],
  negativeSpans: [{ offset: 1, length: 1 }],
  negativeBuckets: [5],
  customValues: [],
};

let store: TemporaryStorage;
const opened: TestApi[] = [];

beforeAll(async () => {
  store = await fixedOpenStorage();
  const appender = store.storage.appender();
  const ref = (labels: Record<string, string>): number =>
    appender.series(Labels.fromObject(labels));
  for (const series of ['a', 'b']) {
    const floats = ref({ __name__: 'float', series });
    for (let index = 0; index < SAMPLES; index++) {
      appender.samples.push(floats, START + 1000 * index, index % 7 === 0 ? -0 : index / 3);
    }
  }
  const histograms = ref({ __name__: 'histogram' });
  appender.addHistogram(histograms, START, HISTOGRAM);
  const half = { ...HISTOGRAM, count: 12.5, zeroCount: 0.5 };
  appender.addHistogram(histograms, START + 1000, half);
  const custom = {
    ...HISTOGRAM,
    schema: CUSTOM_BUCKETS_SCHEMA,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 7,
    positiveSpans: [{ offset: 0, length: 3 }],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [1, 2],
  };
  appender.addHistogram(histograms, START + 2000, custom);
  appender.addHistogram(histograms, START + 3000, undefined);
  await appender.commit();
});

afterAll(async () => {
  for (const api of opened) await api.close();
  await store.remove();
});

function apiWith(options: Partial<ApiOptions> = {}): TestApi {
  const api = createTestApi({ storage: store.storage, options });
  opened.push(api);
  return api;
}

interface Asked {
  readonly types?: readonly number[];
  readonly matchers?: readonly { type?: number; name: string; value: string }[];
}

const FLOATS = [{ name: '__name__', value: 'float' }];

function requestBody({ types = [], matchers = FLOATS }: Asked): Uint8Array<ArrayBuffer> {
  const type = prometheusType('ReadRequest');
  const bytes = type
    .encode(
      type.fromObject({
        accepted_response_types: types,
        queries: [
          { start_timestamp_ms: START, end_timestamp_ms: START + 1000 * SAMPLES, matchers },
        ],
      }),
    )
    .finish();
  return packed(bytes);
}

function packed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const room = new Uint8Array(compressedSizeMax(bytes.length));
  return room.slice(0, compress(bytes, 0, bytes.length, room));
}

function post(api: TestApi, body: Body): Promise<Response> {
  const headers = { 'Content-Type': 'application/x-protobuf', 'Content-Encoding': 'snappy' };
  return api.fetch('/api/v1/read', { method: 'POST', headers, body });
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

async function messageOf(response: Response): Promise<Record<string, unknown>> {
  const body = await bytesOf(response);
  const bytes = new Uint8Array(decompressedSize(body, 0, body.length, 1e9));
  decompress(body, 0, body.length, bytes);
  return prometheusType('ReadResponse').decode(bytes).toJSON();
}

requires({ conformance: 'protos' }).describe('remote read', () => {
  it('gives samples in one message where nothing else is asked for', async () => {
    const response = await post(apiWith(), requestBody({}));
    expect(response.headers.get('Content-Type')).toBe('application/x-protobuf');
    expect(response.headers.get('Content-Encoding')).toBe('snappy');
    const { results } = (await messageOf(response)) as {
      results: { timeseries: { labels: unknown; samples: unknown[] }[] }[];
    };
    const [first, second] = results[0]?.timeseries ?? [];
    expect(first?.labels).toEqual([...FLOATS, { name: 'series', value: 'a' }]);
    expect(first?.samples).toHaveLength(SAMPLES);
    expect(first?.samples[0]).toEqual({ value: -0, timestamp: String(START) });
    expect(first?.samples[1]).toEqual({ value: 1 / 3, timestamp: String(START + 1000) });
    expect(second?.labels).toEqual([...FLOATS, { name: 'series', value: 'b' }]);
  });

  it('gives histograms as whole counts, floats, custom buckets and markers', async () => {
    const matchers = [{ name: '__name__', value: 'histogram' }];
    const message = await messageOf(await post(apiWith(), requestBody({ matchers })));
    expect(message).toMatchObject({
      results: [
        {
          timeseries: [
            {
              histograms: [
                {
                  count_int: '13',
                  sum: 7.25,
                  schema: 2,
                  zero_threshold: 1e-128,
                  zero_count_int: '1',
                  negative_spans: [{ offset: 1, length: 1 }],
                  negative_deltas: ['5'],
                  positive_spans: [
                    { offset: -2, length: 2 },
                    { offset: 3, length: 1 },
                  ],
                  positive_deltas: ['4', '-3', '1'],
                  timestamp: String(START),
                },
                { count_float: 12.5, zero_count_float: 0.5, positive_counts: [4, 1, 2] },
                { schema: -53, custom_values: [1, 2], positive_deltas: ['4', '-3', '1'] },
                { sum: 'NaN', timestamp: String(START + 3000) },
              ],
            },
          ],
        },
      ],
    });
  });

  it('streams chunks of the same samples, split into frames', async () => {
    const api = apiWith({ remote_read_max_frame_bytes: 2_000 });
    const response = await post(api, requestBody({ types: [1, 0] }));
    expect(response.headers.get('Content-Type')).toBe(
      'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
    );
    const body = await bytesOf(response);
    expect(framesOf(body).length).toBeGreaterThan(4);
    const series = seriesOfFrames(body);
    expect(series.map(({ labels }) => labels)).toEqual(['float{series="a"}', 'float{series="b"}']);
    expect(series[0]?.samples).toHaveLength(SAMPLES);
    expect(series[0]?.samples.slice(0, 2)).toEqual([
      `${START}=${MINUS_ZERO_HIGH}:0`,
      `${START + 1000}=${THIRD_WORDS.join(':')}`,
    ]);
  });

  it('streams histograms', async () => {
    const matchers = [{ name: '__name__', value: 'histogram' }];
    const body = await bytesOf(await post(apiWith(), requestBody({ types: [1], matchers })));
    const [series] = seriesOfFrames(body);
    expect(series?.samples.map((text) => text.split('=')[0])).toEqual(
      [0, 1, 2, 3].map((index) => String(START + 1000 * index)),
    );
    expect(series?.samples[3]).toBe(`${START + 3000}="stale"`);
  });

  it('stops for a reader that goes away', async () => {
    const api = apiWith({ remote_read_max_frame_bytes: 200, remote_read_max_concurrent: 1 });
    const response = await post(api, requestBody({ types: [1] }));
    await response.body?.cancel();
    // The place is free again.
    expect((await post(api, requestBody({}))).status).toBe(200);
  });

  it('refuses an answer of too many samples', async () => {
    for (const types of [[0], [1]]) {
      const api = apiWith({ remote_read_max_samples: 2 * SAMPLES - 1 });
      const response = await post(api, requestBody({ types }));
      expect([response.status, await response.text()]).toEqual([
        400,
        'the selection has more than the 1999 samples that a query may read\n',
      ]);
    }
  });

  it('matches by all four kinds of matchers', async () => {
    const matchers = [
      { type: 2, name: '__name__', value: 'fl.*' },
      { type: 1, name: 'series', value: 'a' },
      { type: 3, name: 'series', value: 'c|d' },
    ];
    const message = await messageOf(await post(apiWith(), requestBody({ matchers })));
    expect(message).toMatchObject({
      results: [{ timeseries: [{ labels: [{}, { name: 'series', value: 'b' }] }] }],
    });
  });
});

const refused: [string, Body, number, RegExp][] = [
  ['that is not snappy', 'xxxx', 400, /snappy/],
  ['that is no request', packed(Buffer.from([0x0a, 0x05, 0x01])), 400, /bad remote read request/],
  ['that asks for too much room', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), 413, /at most/],
];
for (const [what, body, status, text] of refused) {
  it(`refuses a body ${what}`, async () => {
    const response = await post(apiWith(), body);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(text);
  });
}

it('refuses a body that is too large', async () => {
  const limit = apiOptionsSchema.parse({}).max_form_bytes;
  const response = await post(apiWith(), new Uint8Array(limit + 1));
  expect(response.status).toBe(413);
});

requires({ conformance: 'protos' }).describe('remote read of any content type', () => {
  it('reads the body as it is', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const body = requestBody({});
    const response = await apiWith().fetch('/api/v1/read', { method: 'POST', headers, body });
    expect(response.status).toBe(200);
  });
});

requires({ conformance: 'protos' }).describe('remote read refuses', () => {
  it('response types that are not known', async () => {
    const response = await post(apiWith(), requestBody({ types: [7] }));
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/response types 7/);
  });

  it('an expression that does not compile', async () => {
    const matchers = [{ type: 2, name: 'a', value: '(' }];
    expect((await post(apiWith(), requestBody({ matchers }))).status).toBe(400);
  });
});
