import { describe, expect, test, vi } from 'vitest';
import { ApiClient, queryString, readAnswer } from './client.ts';
import { ApiError } from './errors.ts';

function failure(run: () => unknown): ApiError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ApiError) return thrown;
  }
  throw new Error('expected an ApiError');
}

async function rejection(promise: Promise<unknown>): Promise<ApiError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof ApiError) return thrown;
  throw new Error(`expected an ApiError, got ${String(thrown)}`);
}

/** A fetch that answers only when told, and rejects as the browser does when aborted. */
function heldFetch() {
  const calls: { url: string; answer: (body: unknown) => void }[] = [];
  const fetch = (url: string, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener('abort', () =>
        reject(new DOMException('aborted', 'AbortError')),
      );
      calls.push({ url, answer: (body) => resolve(new Response(JSON.stringify(body))) });
    });
  return { calls, fetch };
}

describe('readAnswer', () => {
  test('success carries data, warnings and infos', () => {
    const body = '{"status":"success","data":[1],"warnings":["w"],"infos":["i"]}';
    expect(readAnswer(200, body)).toEqual({ data: [1], warnings: ['w'], infos: ['i'] });
  });
  test('an error keeps the message, type and status of the server', () => {
    const body = '{"status":"error","errorType":"bad_data","error":"1:5: parse error: x"}';
    const error = failure(() => readAnswer(400, body));
    expect([error.code, error.message, error.status]).toEqual([
      'bad_data',
      '1:5: parse error: x',
      400,
    ]);
  });
  test('an unknown error type counts as internal', () => {
    const body = '{"status":"error","errorType":"odd","error":"x"}';
    expect(failure(() => readAnswer(500, body)).code).toBe('internal');
  });
  test('what is not the envelope is malformed', () => {
    expect(failure(() => readAnswer(502, '<html>bad gateway')).code).toBe('malformed');
    expect(failure(() => readAnswer(200, '[]')).code).toBe('malformed');
  });
});

describe('ApiClient', () => {
  test('a newer request in the same lane aborts the older', async () => {
    const { calls, fetch } = heldFetch();
    const client = new ApiClient({ fetch });
    const older = client.query({ query: 'up' });
    const newer = client.query({ query: 'down' });
    expect((await rejection(older)).code).toBe('superseded');
    calls[1]?.answer({ status: 'success', data: { resultType: 'vector', result: [] } });
    expect((await newer).data.resultType).toBe('vector');
  });
  test('requests of different lanes do not disturb each other', async () => {
    const { calls, fetch } = heldFetch();
    const client = new ApiClient({ fetch });
    const query = client.query({ query: 'up' });
    const names = client.metricNames();
    calls[0]?.answer({ status: 'success', data: { resultType: 'vector', result: [] } });
    calls[1]?.answer({ status: 'success', data: ['up'] });
    expect((await query).data.result).toEqual([]);
    expect(await names).toEqual(['up']);
  });
  test('no answer in time is a deadline error', async () => {
    vi.useFakeTimers();
    const client = new ApiClient({ fetch: heldFetch().fetch, timeoutMs: 50 });
    const error = rejection(client.query({ query: 'up' }));
    await vi.advanceTimersByTimeAsync(50);
    expect((await error).code).toBe('deadline');
    vi.useRealTimers();
  });
  test('a refused connection is a network error', async () => {
    const client = new ApiClient({ fetch: () => Promise.reject(new TypeError('failed')) });
    expect((await rejection(client.sources())).code).toBe('network');
  });
});

test('queryString leaves out what is not set and escapes the rest', () => {
  expect(queryString({})).toBe('');
  expect(queryString({ query: 'a{b="c"}', time: undefined, step: 1, 'match[]': ['x', 'y'] })).toBe(
    '?query=a%7Bb%3D%22c%22%7D&step=1&match%5B%5D=x&match%5B%5D=y',
  );
});

describe('what the editor asks', () => {
  const answering = (status: number, body: unknown) => {
    const urls: string[] = [];
    const fetch = (url: string) => {
      urls.push(url);
      return Promise.resolve(new Response(JSON.stringify(body), { status }));
    };
    return { urls, client: new ApiClient({ fetch }) };
  };
  test('the parser’s message is an answer, and anything else is none', async () => {
    const error = { status: 'error', errorType: 'bad_data', error: '1:4: parse error: x' };
    const refused = answering(400, error);
    expect(await refused.client.parseError('sum(')).toBe('1:4: parse error: x');
    expect(refused.urls).toEqual(['/api/v1/parse_query?query=sum%28']);
    expect(
      await answering(200, { status: 'success', data: {} }).client.parseError('up'),
    ).toBeNull();
    const away = { status: 'error', errorType: 'unavailable', error: 'starting up' };
    expect(await answering(503, away).client.parseError('sum(')).toBeNull();
  });
  test('labels of a selector, and of all series without one', async () => {
    const { client, urls } = answering(200, { status: 'success', data: ['a'] });
    expect(await client.labelNames('')).toEqual(['a']);
    await client.labelValues('http.status', '{job="x"}');
    expect(urls).toEqual([
      '/api/v1/labels',
      '/api/v1/label/http.status/values?match%5B%5D=%7Bjob%3D%22x%22%7D',
    ]);
  });
});
