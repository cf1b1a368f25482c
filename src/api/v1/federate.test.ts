import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../../test/support/api-app.ts';
import { fixedOpenStorage } from '../../../test/support/captured-data.ts';
import type { TemporaryStorage } from '../../../test/support/temporary-storage.ts';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, Labels } from '../../model/index.ts';
import { FakeClock } from '../../util/index.ts';

const NOW = 1_700_000_000_000;

const CUSTOM: FloatHistogram = {
  counterReset: 'unknown',
  schema: CUSTOM_BUCKETS_SCHEMA,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 7,
  sum: 4.5,
  positiveSpans: [
    { offset: 0, length: 1 },
    { offset: 1, length: 2 },
  ],
  positiveBuckets: [1, 2, 4],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [0.5, 1, 2],
};

let store: TemporaryStorage;
let api: TestApi;

beforeAll(async () => {
  store = await fixedOpenStorage();
  const appender = store.storage.appender();
  const ref = (labels: Record<string, string>): number =>
    appender.series(Labels.fromObject(labels));
  const { samples } = appender;
  const b = ref({ __name__: 'b', job: 'x', instance: 'i' });
  samples.push(b, NOW - 2000, 1);
  samples.push(b, NOW - 1000, 2.5);
  samples.push(b, NOW + 1000, 99);
  samples.push(ref({ __name__: 'a', cluster: 'own' }), NOW, 1);
  samples.push(ref({ __name__: 'a', path: 'x"\\' }), NOW, Infinity);
  const ended = ref({ __name__: 'ended' });
  samples.push(ended, NOW - 2000, 1);
  samples.pushStale(ended, NOW - 1000);
  samples.push(ref({ __name__: 'old' }), NOW - 400_000, 1);
  samples.push(ref({ __name__: 'my.name' }), NOW, 3);
  appender.addHistogram(ref({ __name__: 'h' }), NOW, CUSTOM);
  appender.addHistogram(ref({ __name__: 'exponential' }), NOW, {
    ...CUSTOM,
    schema: 0,
    customValues: [],
  });
  await appender.commit();
  api = createTestApi({
    storage: store.storage,
    clock: new FakeClock(NOW),
    control: { externalLabels: () => Labels.fromObject({ cluster: 'c1' }) },
  });
});

afterAll(async () => {
  await api.close();
  await store.remove();
});

async function federate(
  matchers: readonly string[],
  headers: Record<string, string> = {},
): Promise<{ type: string | null; text: string }> {
  const search = new URLSearchParams(
    matchers.map((matcher): [string, string] => ['match[]', matcher]),
  );
  const response = await api.fetch(`/federate?${search.toString()}`, { headers });
  return { type: response.headers.get('Content-Type'), text: await response.text() };
}

describe('federation', () => {
  it('gives the newest samples by name, with external labels', async () => {
    expect(await federate(['{__name__=~"[ab]|ended|old"}', 'b'])).toEqual({
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: [
        '# TYPE a untyped',
        `a{cluster="own",instance=""} 1 ${NOW}`,
        `a{path="x\\"\\\\",cluster="c1",instance=""} +Inf ${NOW}`,
        '# TYPE b untyped',
        `b{instance="i",job="x",cluster="c1"} 2.5 ${NOW - 1000}`,
        '',
      ].join('\n'),
    });
  });

  it('writes histograms of custom buckets as classic ones, and leaves others out', async () => {
    const { text } = await federate(['h', 'exponential']);
    expect(text.split('\n')).toEqual([
      '# TYPE h histogram',
      `h_bucket{cluster="c1",instance="",le="0.5"} 1 ${NOW}`,
      `h_bucket{cluster="c1",instance="",le="1"} 1 ${NOW}`,
      `h_bucket{cluster="c1",instance="",le="2"} 3 ${NOW}`,
      `h_bucket{cluster="c1",instance="",le="+Inf"} 7 ${NOW}`,
      `h_sum{cluster="c1",instance=""} 4.5 ${NOW}`,
      `h_count{cluster="c1",instance=""} 7 ${NOW}`,
      '',
    ]);
  });

  it('writes OpenMetrics and quoted names for those that want them', async () => {
    const accept = 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8';
    const { type, text } = await federate(['{"my.name"}'], { Accept: accept });
    expect(type).toContain('application/openmetrics-text; version=1.0.0');
    expect(text).toBe(
      `# TYPE "my.name" unknown\n{"my.name",cluster="c1",instance=""} 3 ${NOW / 1000}\n# EOF\n`,
    );
    expect((await federate(['{"my.name"}'])).text).toContain('my_name{');
  });

  it('is compressed for those that take gzip', async () => {
    const response = await api.fetch('/federate?match[]=b', {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect(response.headers.get('Content-Encoding')).toBe('gzip');
    // The client unpacks it, by that header.
    expect(await response.text()).toBe((await federate(['b'])).text);
  });

  it('gives nothing where nothing is asked for', async () => {
    expect((await federate([])).text).toBe('');
  });

  it('refuses a selector that is wrong in plain text', async () => {
    const response = await api.fetch('/federate?match[]={');
    expect(response.status).toBe(400);
    expect(await response.text()).toBe('1:2: parse error: unexpected end of input inside braces\n');
  });
});
