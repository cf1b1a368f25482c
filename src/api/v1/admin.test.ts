import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../../test/support/api-app.ts';
import { openExampleStore } from '../../../test/support/example-store.ts';

let store: Awaited<ReturnType<typeof openExampleStore>>;
let api: TestApi;

beforeEach(async () => {
  store = await openExampleStore();
  const { storage, clock } = store;
  api = createTestApi({ storage, clock, options: { enable_admin_api: true } });
});

afterEach(async () => {
  await api.close();
  await store.remove();
});

async function count(query: string): Promise<unknown> {
  const { body } = await api.json(`/api/v1/query?query=${encodeURIComponent(query)}`);
  const { data } = body as { data: { result: { value: [number, string] }[] } };
  return data.result[0]?.value[1];
}

const POST = { method: 'POST' };

describe('the admin API', () => {
  it('is off unless a setting says otherwise', async () => {
    const locked = createTestApi({ storage: store.storage });
    for (const path of ['delete_series?match[]=up', 'clean_tombstones', 'snapshot']) {
      expect(await locked.json(`/api/v1/admin/tsdb/${path}`, POST)).toEqual({
        status: 503,
        body: { status: 'error', errorType: 'unavailable', error: 'admin APIs disabled' },
      });
    }
    await locked.close();
    expect(await count('count(up)')).toBe('2');
  });

  it('deletes series, and what is deleted stays so', async () => {
    const path = '/api/v1/admin/tsdb/delete_series?match[]=up{job="node"}';
    expect((await api.fetch(path, POST)).status).toBe(204);
    expect(await count('count(up)')).toBe('1');
    const cleaned = await api.fetch('/api/v1/admin/tsdb/clean_tombstones', { method: 'PUT' });
    expect(cleaned.status).toBe(204);
    await store.reopen();
    await api.close();
    api = createTestApi({ storage: store.storage, clock: store.clock });
    expect(await count('count(up)')).toBe('1');
  });

  it('deletes within times only', async () => {
    const path = '/api/v1/admin/tsdb/delete_series?match[]=up&start=1700000030&end=1700000060';
    await api.fetch(path, POST);
    expect(await count('count_over_time(up{job="node"}[5m])')).toBe('2');
  });

  it('deletes nothing where one selector is wrong', async () => {
    const path = '/api/v1/admin/tsdb/delete_series?match[]=up&match[]={';
    expect(await api.json(path, POST)).toMatchObject({ status: 400 });
    expect(await api.json('/api/v1/admin/tsdb/delete_series', POST)).toMatchObject({
      status: 400,
      body: { error: 'no match[] parameter provided' },
    });
    expect(await count('count(up)')).toBe('2');
  });

  it('copies the store into a folder', async () => {
    expect(await api.json('/api/v1/admin/tsdb/snapshot', POST)).toMatchObject({
      status: 200,
      body: { status: 'success', data: { name: expect.stringMatching(/^\d{8}T/) as string } },
    });
    const refusals = {
      x: 'invalid parameter "skip_head": unable to parse boolean: "x"',
      true: 'invalid parameter "skip_head": snapshots without the head are not supported',
    };
    for (const [value, error] of Object.entries(refusals)) {
      const path = `/api/v1/admin/tsdb/snapshot?skip_head=${value}`;
      expect(await api.json(path, POST)).toMatchObject({ status: 400, body: { error } });
    }
  });
});

describe('rules', () => {
  const refusing = (query: string, error: string) =>
    it(query, async () => {
      expect(await api.json(`/api/v1/rules?${query}`)).toEqual({
        status: 400,
        body: { status: 'error', errorType: 'bad_data', error },
      });
    });
  refusing('type=x', 'invalid parameter "type": not supported value "x"');
  refusing('match[]={a=""}', 'match[] must contain at least one non-empty matcher');
  refusing(
    'group_limit=0',
    'invalid parameter "group_limit": group_limit needs to be greater than 0',
  );
  refusing(
    'group_limit=x',
    'invalid parameter "group_limit": group_limit needs to be a valid number: "x"',
  );
  refusing(
    'group_next_token=x',
    'invalid parameter "group_next_token": group_limit needs to be present in order to paginate ' +
      'over the groups',
  );
  refusing(
    'exclude_alerts=x',
    'invalid parameter "exclude_alerts": error converting exclude_alerts: "x" is no boolean',
  );
});

describe('status', () => {
  it('bounds the lists of status/tsdb', async () => {
    const { body } = await api.json('/api/v1/status/tsdb?limit=1');
    expect(body).toMatchObject({ data: { seriesCountByMetricName: [{ name: 'up', value: 2 }] } });
    for (const [limit, error] of [
      ['0', 'limit must be a positive number'],
      ['x', 'limit must be a positive number'],
      ['10001', 'limit must not exceed 10000'],
    ]) {
      const answer = await api.json(`/api/v1/status/tsdb?limit=${limit}`);
      expect(answer).toMatchObject({ status: 400, body: { error } });
    }
  });

  it('notes a configuration that was refused', async () => {
    const lastReload = () => ({ success: false, timeMs: 1_700_000_000_000 });
    const other = createTestApi({ storage: store.storage, control: { lastReload } });
    const { body } = await other.json('/api/v1/notifications');
    await other.close();
    expect(body).toEqual({
      status: 'success',
      data: [
        {
          text: 'Configuration reload has failed.',
          date: '2023-11-14T22:13:20.000Z',
          active: true,
        },
      ],
    });
  });
});
