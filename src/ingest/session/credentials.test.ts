import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { FakeClock } from '../../util/index.ts';
import { Credentials } from './credentials.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');

function setUp(files: { tokens?: string; joins?: string } = {}, storage = new MemoryStorage()) {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-tokens-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string | undefined): string => {
    if (text === undefined) return '';
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const clock = new FakeClock(START_MS);
  const tokenFile = write('tokens', files.tokens);
  const options = { storage, clock, tokenFile, joinTokenFile: write('joins', files.joins) };
  const credentials = new Credentials(options);
  const labelsOf = (token: string, address = '198.51.100.1') => {
    const { agentId, labels } = credentials.check(`Bearer ${token}`, address);
    return { agentId, labels: labels.toString() };
  };
  return { clock, credentials, storage, write, labelsOf };
}

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])(
  'without tokens, %s may connect',
  (address) => {
    expect(setUp().credentials.check(undefined, address).agentId).toBeUndefined();
  },
);

test.each(['198.51.100.1', '::2', '', '127.0.0.1.example', '::ffff:10.0.0.1'])(
  'without tokens, %j may not',
  (address) => {
    expect(() => setUp().credentials.check(undefined, address)).toThrow('only loopback');
  },
);

test('a token says who it is, and a reload takes effect or leaves all as it was', () => {
  const tokens =
    '# agents\n\nfirst-token-0123456789 agent=a1 tenant=blue\nsecond-token-012345678\n';
  const { credentials, labelsOf, write } = setUp({ tokens });
  expect(labelsOf('first-token-0123456789')).toEqual({ agentId: 'a1', labels: '{tenant="blue"}' });
  expect(labelsOf('second-token-012345678').agentId).toBeUndefined();
  expect(() => labelsOf('third-token-0123456789')).toThrow('not known');
  expect(() => credentials.check('Basic abc', '127.0.0.1')).toThrow('not known');
  // Where there are tokens, loopback needs one too: a proxy's address is no identity.
  expect(() => credentials.check(undefined, '127.0.0.1')).toThrow('bearer token');
  write('tokens', 'short\n');
  expect(() => credentials.reload()).toThrow('line 1: a token of less than 16 bytes');
  expect(labelsOf('first-token-0123456789').agentId).toBe('a1');
  write('tokens', 'third-token-0123456789 1bad=x\n');
  expect(() => credentials.reload()).toThrow('1bad is no label name');
  write('tokens', 'third-token-0123456789\n');
  credentials.reload();
  expect(labelsOf('third-token-0123456789').agentId).toBeUndefined();
  expect(() => labelsOf('first-token-0123456789')).toThrow('not known');
});

test('a join token gives as many tokens as it has uses, also over a restart', async () => {
  const joins = 'join-token-0123456789 uses=2 expires=2026-01-02T00:00:00Z tenant=red\n';
  const storage = new MemoryStorage();
  const first = setUp({ joins }, storage);
  await expect(first.credentials.enrol('wrong', 'a1')).rejects.toMatchObject({ statusCode: 401 });
  const { token } = await first.credentials.enrol('join-token-0123456789', 'a1');
  expect(first.labelsOf(token)).toEqual({ agentId: 'a1', labels: '{tenant="red"}' });
  expect([...storage.state('tide-token/').values()].join()).not.toContain(token);

  const second = setUp({ joins }, storage.reopened());
  expect(second.labelsOf(token).agentId).toBe('a1');
  const both = await Promise.allSettled([
    second.credentials.enrol('join-token-0123456789', 'a2'),
    second.credentials.enrol('join-token-0123456789', 'a3'),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

test('a join token out of time gives nothing', async () => {
  const joins = 'join-token-0123456789 expires=2026-01-02T00:00:00Z\n';
  const { credentials, clock } = setUp({ joins });
  await clock.advance(25 * 3_600_000);
  await expect(credentials.enrol('join-token-0123456789', 'a1')).rejects.toThrow('out of time');
});

test.each([
  ['join-token-0123456789 uses=0', 'uses=0'],
  ['join-token-0123456789 expires=soon', 'expires=soon'],
  ['join-token-0123456789 tenant', 'NAME=VALUE'],
])('%j is refused', (joins, problem) => {
  expect(() => setUp({ joins })).toThrow(problem);
});
