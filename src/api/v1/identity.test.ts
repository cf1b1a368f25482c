import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTlsCollector, temporaryFolder } from '../../../test/support/tls-collector.ts';
import { silentLogger } from '../../telemetry/index.ts';

const TOKEN = 'operator-token-0123456789';

function recorder() {
  const lines: { fields: unknown; text: string }[] = [];
  const logger = {
    ...silentLogger,
    info: (fields: object, text: string) => lines.push({ fields, text }),
  };
  return { lines, logger: logger as unknown as typeof silentLogger };
}

async function setUp(given: { withOperators?: boolean } = {}) {
  const file = join(temporaryFolder(), 'operators');
  writeFileSync(file, `${TOKEN} name=anna\n`);
  const { lines, logger } = recorder();
  const collector = await startTlsCollector({
    logger,
    ...(given.withOperators === true ? { operatorTokenFile: file } : {}),
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${collector.url}/api/v1/${path}`, init);
    const text = await response.text();
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, error: body['error'], data: body['data'] };
  };
  const post = (path: string, headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', headers });
  return { ...collector, ask, post, lines };
}

test('a join token is made, listed and ended, and never shown again', async () => {
  const { ask, post, authority, lines } = await setUp();
  const made = await post('join_tokens?ttl=1d&uses=3&agents=edge-*&label=site%3Da%3Db&label=x%3Dy');
  expect(made).toMatchObject({
    status: 200,
    data: {
      ...{ uses: 0, maxUses: 3, agents: 'edge-*', labels: { site: 'a=b', x: 'y' } },
      ...{ caHash: authority.pin, collectors: ['https://edge.example:9443'], revoked: false },
    },
  });
  const { id, token } = made.data as { id: string; token: string };
  const listed = await ask('join_tokens');
  expect(listed.data).toMatchObject({ joinTokens: [{ id, revoked: false }] });
  expect(JSON.stringify(listed.data) + JSON.stringify(lines)).not.toContain(token);
  expect((await post(`join_tokens/${id}/revoke`)).status).toBe(204);
  expect((await ask('join_tokens')).data).toMatchObject({ joinTokens: [{ id, revoked: true }] });
  expect((await post('join_tokens/nobody/revoke')).status).toBe(404);
  expect((await post('join_tokens?uses=0')).error).toContain('uses 0');
  expect((await post('join_tokens?label=x')).error).toContain('wanted NAME=VALUE');
  expect(lines.map(({ text }) => text)).toEqual([
    'a join token was made',
    'a join token was revoked',
  ]);
});

test('an agent is revoked and restored', async () => {
  const { ask, post } = await setUp();
  expect((await post('agents/edge-1/revoke')).status).toBe(204);
  expect((await ask('agents/revoked')).data).toMatchObject({ revoked: [{ id: 'edge-1' }] });
  expect((await post('agents/edge-1/restore')).status).toBe(204);
  expect((await ask('agents/revoked')).data).toEqual({ revoked: [] });
  expect((await post('agents/edge-1/restore')).error).toContain('not revoked');
  expect((await post('agents/a%20b/revoke')).status).toBe(400);
});

test.each([
  { origin: 'https://evil.example' },
  { origin: 'http://127.0.0.1' },
  { 'x-forwarded-for': '198.51.100.1' },
  { via: '1.1 proxy' },
])('without operator tokens %j may not admit agents', async (given) => {
  const headers: Record<string, string> = { ...given };
  const { ask, post } = await setUp();
  for (const path of ['join_tokens', 'agents/a1/revoke', 'agents/a1/restore']) {
    const { status, error } = await post(path, headers);
    expect([status, error]).toEqual([403, expect.stringContaining('operator_token_file')]);
  }
  expect((await ask('join_tokens', { headers: headers })).status).toBe(403);
});

test('with operator tokens READ, LEASE and admission need one, and say who asked for what', async () => {
  const { post, ask, lines } = await setUp({ withOperators: true });
  const paths = [
    ...['join_tokens', 'agents/a1/revoke', 'agents/a1/read?selector=up'],
    'agents/a1/lease?selector=up&interval=1s',
  ];
  for (const path of paths) {
    expect(await post(path)).toMatchObject({ status: 401 });
    const wrong = await post(path, { authorization: 'Bearer wrong-token-0123456789' });
    expect(wrong).toMatchObject({ status: 401, error: expect.stringContaining('is not known') });
  }
  expect(lines).toEqual([]);
  const headers = { authorization: `Bearer ${TOKEN}`, origin: 'https://page.example' };
  expect((await ask('join_tokens', { headers })).status).toBe(200);
  // There is no such agent; who asked is noted all the same.
  expect((await post('agents/a1/read?selector=up', headers)).status).toBe(404);
  expect((await post('agents/a1/lease?selector=up&interval=1s', headers)).status).toBe(404);
  const who = { operator: 'anna', address: '127.0.0.1', agentId: 'a1', selector: 'up' };
  expect(lines).toEqual([
    { text: 'an agent is read from', fields: { ...who, kind: 'INSTANT' } },
    { text: 'an agent is given a lease', fields: { ...who, intervalMs: 1000, ttlMs: 60_000 } },
  ]);
});

test('without operator tokens reading stays open', async () => {
  const { post, lines } = await setUp();
  expect((await post('agents/a1/read?selector=up')).status).toBe(404);
  expect(lines).toHaveLength(1);
});
