import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../test/support/api-app.ts';
import { openExampleStore } from '../../test/support/example-store.ts';
import type { TemporaryStorage } from '../../test/support/temporary-storage.ts';
import type { ApiOptions } from './options.ts';

let store: Awaited<ReturnType<typeof openExampleStore>>;
let api: TestApi;
const opened: TestApi[] = [];

/** The app over the same store with other options. */
function apiWith(options: Partial<ApiOptions>): TestApi {
  const other = createTestApi({ storage: store.storage, clock: store.clock, options });
  opened.push(other);
  return other;
}

beforeAll(async () => {
  store = await openExampleStore();
  api = apiWith({});
});

afterAll(async () => {
  for (const one of opened) await one.close();
  await (store satisfies TemporaryStorage).remove();
});

describe('methods and paths', () => {
  it('answers HEAD as GET, without a body', async () => {
    const response = await api.fetch('/api/v1/query?query=up', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('refuses another method with 405 and the methods there are', async () => {
    const response = await api.fetch('/api/v1/targets', { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('Allow')).toBe('GET, HEAD, OPTIONS');
    expect(response.headers.get('Content-Type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe('Method Not Allowed\n');
  });

  it('knows no other paths', async () => {
    for (const path of ['/api/v1/nothing', '/api/v2/query', '/-/nothing', '/nothing']) {
      const response = await api.fetch(path);
      expect([response.status, await response.text()]).toEqual([404, '404 page not found\n']);
    }
  });

  it('takes parameters from a form, up to a size', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const small = apiWith({ max_form_bytes: 50 });
    const ask = (body: string) => small.json('/api/v1/query', { method: 'POST', headers, body });
    expect(await ask('query=sum(up)')).toMatchObject({
      status: 200,
      body: { data: { result: [{ value: [1_700_000_060, '2'] }] } },
    });
    expect(await ask(`query=${' '.repeat(50)}1`)).toEqual({
      status: 400,
      body: {
        status: 'error',
        errorType: 'bad_data',
        error: 'error parsing form values: the body has more than the 50 bytes that are taken',
      },
    });
  });

  it('takes parameters from a form in parts', async () => {
    const headers = { 'Content-Type': 'Multipart/form-data; boundary=b' };
    const part = (name: string, text: string): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
    const ask = (body: string) => api.json('/api/v1/query', { method: 'POST', headers, body });
    expect(
      await ask(`${part('query', 'é"')}${part('query', '2')}${part('time', '4')}--b--\r\n`),
    ).toMatchObject({ status: 400, body: { error: expect.stringContaining("character: 'é'") } });
    expect(await ask(`${part('query', '3')}${part('time', '4')}--b--\r\n`)).toMatchObject({
      status: 200,
      body: { data: { result: [4, '3'] } },
    });
    expect(await ask('no parts')).toMatchObject({
      status: 400,
      body: { errorType: 'bad_data', error: expect.stringMatching(/^error parsing form values: /) },
    });
  });
});

describe('cross-origin requests', () => {
  const headers = { Origin: 'https://a.example' };

  it('are let in from anywhere', async () => {
    const options = await api.fetch('/api/v1/query', { method: 'OPTIONS', headers });
    expect(options.status).toBe(204);
    const response = await api.fetch('/api/v1/query?query=1', { headers });
    for (const one of [options, response]) {
      expect(one.headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(one.headers.get('Access-Control-Allow-Methods')).toBe('GET, POST, OPTIONS');
      expect(one.headers.get('Vary')).toContain('Origin');
    }
  });

  it('are let in from where the setting says', async () => {
    const strict = apiWith({ cors_origin: 'https://(a|b)\\.example' });
    const allowed = await strict.fetch('/api/v1/query?query=1', { headers });
    expect(allowed.headers.get('Access-Control-Allow-Origin')).toBe('https://a.example');
    const other = { Origin: 'https://a.example.com' };
    const refused = await strict.fetch('/api/v1/query?query=1', { headers: other });
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  it('get errors that they can read', async () => {
    const response = await api.fetch('/api/v1/query?query=(', { headers });
    expect(response.status).toBe(400);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
  });
});

describe('compression', () => {
  // Answers of a worker and of this thread.
  for (const path of ['/api/v1/series?match[]=up', '/api/v1/features']) {
    it(`of ${path} where the client takes gzip`, async () => {
      const eager = apiWith({ gzip_min_bytes: 100 });
      const packed = await eager.fetch(path, { headers: { 'Accept-Encoding': 'br, gzip' } });
      expect(packed.headers.get('Content-Encoding')).toBe('gzip');
      expect(packed.headers.get('Content-Type')).toBe('application/json');
      expect(packed.headers.get('Vary')).toContain('Accept-Encoding');
      // The client unpacks it, by that header.
      expect(await packed.json()).toEqual((await eager.json(path)).body);
      const refused = await eager.fetch(path, { headers: { 'Accept-Encoding': 'gzip;q=0, br' } });
      expect(refused.headers.get('Content-Encoding')).toBeNull();
    });
  }

  it('keeps warnings', async () => {
    const eager = apiWith({ gzip_min_bytes: 1 });
    const packed = await eager.fetch('/api/v1/labels?limit=1', {
      headers: { 'Accept-Encoding': 'gzip' },
    });
    expect(packed.headers.get('Content-Encoding')).toBe('gzip');
    expect(await packed.json()).toEqual({
      status: 'success',
      data: ['__name__'],
      warnings: ['results truncated due to limit'],
    });
  });

  it('leaves small answers alone', async () => {
    const headers = { 'Accept-Encoding': 'gzip' };
    const response = await api.fetch('/api/v1/query?query=1', { headers });
    expect(response.headers.get('Content-Encoding')).toBeNull();
  });
});

describe('reload', () => {
  it('is refused where the setting is off', async () => {
    const response = await apiWith({ enable_lifecycle: false }).fetch('/-/reload', {
      method: 'POST',
    });
    expect([response.status, await response.text()]).toEqual([
      403,
      'Lifecycle API is not enabled.\n',
    ]);
  });

  it('says what is wrong with the configuration', async () => {
    const broken = createTestApi({
      storage: store.storage,
      control: { reload: () => Promise.reject(new Error('line 3')) },
    });
    opened.push(broken);
    const response = await broken.fetch('/-/reload', { method: 'POST' });
    expect([response.status, await response.text()]).toEqual([
      500,
      'failed to reload config: line 3\n',
    ]);
  });
});
