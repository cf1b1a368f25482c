import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../../test/support/api-app.ts';
import { fixedOpenStorage } from '../../../test/support/captured-data.ts';
import type { TemporaryStorage } from '../../../test/support/temporary-storage.ts';
import type { TargetStatus } from '../../ingest/index.ts';
import { Labels } from '../../model/index.ts';
import { unescapeName } from './unescape-name.ts';

let store: TemporaryStorage;
let api: TestApi;

const TARGETS: TargetStatus = {
  activeTargets: [],
  droppedTargets: [
    { discoveredLabels: { job: 'a' }, scrapePool: 'a' },
    { discoveredLabels: { job: 'b' }, scrapePool: 'b' },
  ],
  droppedTargetCounts: { a: 1, b: 1 },
};

const TARGET_METADATA = [
  {
    targetLabels: { job: 'a' },
    scrapePool: 'a',
    metadata: [
      { metricFamily: 'reads', type: 'counter', help: 'Reads.', unit: '' },
      { metricFamily: 'size', type: 'gauge', help: 'Size.', unit: 'bytes' },
    ],
  },
  {
    targetLabels: { job: 'b' },
    scrapePool: 'b',
    metadata: [{ metricFamily: 'reads', type: 'counter', help: 'Other words.', unit: '' }],
  },
] as const;

beforeAll(async () => {
  store = await fixedOpenStorage();
  const appender = store.storage.appender();
  for (const [name, value] of [
    ['my.label', 'x'],
    ['zone', 'a'],
    ['zone', 'b'],
    ['zone', 'c'],
  ] as const) {
    const ref = appender.series(Labels.fromObject({ __name__: 'size', [name]: value }));
    appender.samples.push(ref, 1_000_000, 1);
  }
  appender.setMetadata('reads', { type: 'counter', help: 'Reads.', unit: '' });
  await appender.commit();
  api = createTestApi({
    storage: store.storage,
    targets: TARGETS,
    scrapePools: ['a', 'b'],
    targetMetadata: TARGET_METADATA,
  });
});

afterAll(async () => {
  await api.close();
  await store.remove();
});

function asking(path: string, want: unknown): void {
  it(path, async () => expect((await api.json(`/api/v1/${path}`)).body).toEqual(want));
}

function giving(path: string, data: unknown, ...warnings: string[]): void {
  asking(path, { status: 'success', data, ...(warnings.length > 0 ? { warnings } : {}) });
}

function refusing(path: string, error: string): void {
  asking(path, { status: 'error', errorType: 'bad_data', error });
}

const TRUNCATED = 'results truncated due to limit';

describe('labels', () => {
  giving('labels', ['__name__', 'my.label', 'zone']);
  giving('labels?match[]={zone!=""}', ['__name__', 'zone']);
  giving('labels?limit=2', ['__name__', 'my.label'], TRUNCATED);
  giving('labels?limit=3', ['__name__', 'my.label', 'zone']);
  giving('labels?end=999', []);
  giving('label/zone/values', ['a', 'b', 'c']);
  giving(
    'label/zone/values?match[]={zone=~"a|b"}&match[]={zone="c"}&limit=2',
    ['a', 'b'],
    TRUNCATED,
  );
  giving('label/U__my_2e_label/values', ['x']);
  giving('label/my.label/values', ['x']);
  giving('label/a-b/values', []);
  refusing(
    'label/zone/values?match[]={',
    '1:2: parse error: unexpected end of input inside braces',
  );
  refusing('labels?match[]={a=""}', 'match[] must contain at least one non-empty matcher');
  refusing(
    'labels?limit=x',
    'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax',
  );
});

describe('series', () => {
  giving('series?match[]={zone="a"}&match[]={"size","my.label"="x"}', [
    { __name__: 'size', 'my.label': 'x' },
    { __name__: 'size', zone: 'a' },
  ]);
  refusing(
    'series?match[]={',
    'invalid parameter "match[]": 1:2: parse error: unexpected end of input inside braces',
  );
  refusing(
    'series?match[]=a&end=x',
    `invalid parameter "end": Invalid time value for 'end': cannot parse "x" to a valid timestamp`,
  );
});

describe('metadata', () => {
  const reads = { type: 'counter', help: 'Reads.', unit: '' };
  const other = { type: 'counter', help: 'Other words.', unit: '' };
  const size = { type: 'gauge', help: 'Size.', unit: 'bytes' };
  giving('metadata', { reads: [reads, other], size: [size] });
  giving('metadata?metric=size', { size: [size] });
  giving('metadata?metric=none', {});
  giving('metadata?limit=1', { reads: [reads, other] });
  giving('metadata?limit=0', {});
  giving('metadata?limit_per_metric=1', { reads: [reads], size: [size] });
  refusing('metadata?limit=x', 'limit must be a number');
  refusing('metadata?limit_per_metric=x', 'limit_per_metric must be a number');
  giving('targets/metadata?metric=reads', [
    { target: { job: 'a' }, ...reads },
    { target: { job: 'b' }, ...other },
  ]);
  giving('targets/metadata?match_target={job="b"}', [
    { target: { job: 'b' }, metric: 'reads', ...other },
  ]);
  giving('targets/metadata?limit=0', []);
  giving('targets/metadata?limit=1', [
    { target: { job: 'a' }, metric: 'reads', ...reads },
    { target: { job: 'a' }, metric: 'size', ...size },
  ]);
  refusing(
    'targets/metadata?match_target={',
    'invalid parameter "match_target": 1:2: parse error: unexpected end of input inside braces',
  );
});

describe('targets', () => {
  const [first] = TARGETS.droppedTargets;
  giving('targets?scrapePool=a', { ...TARGETS, droppedTargets: [first] });
  giving('targets?state=Active', {
    activeTargets: [],
    droppedTargets: [],
    droppedTargetCounts: null,
  });
  giving('scrape_pools', { scrapePools: ['a', 'b'] });
});

describe('unescapeName', () => {
  const check = (name: string, want: string) =>
    it(name, () => expect(unescapeName(name)).toBe(want));
  check('plain', 'plain');
  check('_U__a', '_U__a');
  check('U__a__b', 'a_b');
  check('U__a_2e_b_1F600_', 'a.b😀');
  check('U__a_zz_', 'U__a_zz_');
  check('U__a_2e', 'U__a_2e');
  check('U__a_d800_', 'U__a_d800_');
  check('U__a_110000_', 'U__a_110000_');
});
