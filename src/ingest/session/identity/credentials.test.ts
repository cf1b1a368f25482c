import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryStorage } from '../../../../test/support/memory-storage.ts';
import { FakeClock } from '../../../util/index.ts';
import { createCertificateRequest } from '../../../formats/x509/index.ts';
import { Labels } from '../../../model/index.ts';
import { Authority } from './authority.ts';
import { Credentials } from './credentials.ts';
import type { JoinTokenTerms } from './join-tokens.ts';

const DAY_MS = 86_400_000;
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
  const authority = Authority.open(join(folder, 'tls'), clock);
  const joinTokenFile = write('joins', files.joins);
  const credentials = new Credentials({
    ...{ storage, clock, tokenFile, joinTokenFile, authority },
    certificateLifetimeMs: 30 * DAY_MS,
  });
  const check = (authorization: string | undefined, remoteAddress: string, more = {}) =>
    credentials.check({
      ...{ authorization, remoteAddress, isForwarded: false, isEncrypted: false },
      ...{ certificate: undefined, ...more },
    });
  const enrol = (joinToken: string, agentId: string, request?: Uint8Array) =>
    credentials.enrol({ joinToken, agentId, request });
  const labelsOf = (token: string, address = '198.51.100.1') => {
    const { agentId, labels } = check(`Bearer ${token}`, address);
    return { agentId, labels: labels.toString() };
  };
  return { authority, check, clock, credentials, enrol, folder, storage, write, labelsOf };
}

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])(
  'without tokens, %s may connect',
  (address) => {
    expect(setUp().check(undefined, address).agentId).toBeUndefined();
  },
);

test.each(['198.51.100.1', '::2', '', '127.0.0.1.example', '::ffff:10.0.0.1'])(
  'without tokens, %j may not',
  (address) => {
    expect(() => setUp().check(undefined, address)).toThrow('only loopback');
  },
);

test('a token says who it is, and a reload takes effect or leaves all as it was', () => {
  const tokens =
    '# agents\n\nfirst-token-0123456789 agent=a1 tenant=blue\nsecond-token-012345678\n';
  const { check, credentials, labelsOf, write } = setUp({ tokens });
  expect(labelsOf('first-token-0123456789')).toEqual({ agentId: 'a1', labels: '{tenant="blue"}' });
  expect(labelsOf('second-token-012345678').agentId).toBeUndefined();
  expect(() => labelsOf('third-token-0123456789')).toThrow('not known');
  expect(() => check('Basic abc', '127.0.0.1')).toThrow('not known');
  // Where there are tokens, loopback needs one too: a proxy's address is no identity.
  expect(() => check(undefined, '127.0.0.1')).toThrow('bearer token');
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
  await expect(first.enrol('wrong', 'a1')).rejects.toMatchObject({ statusCode: 401 });
  const { token = '' } = await first.enrol('join-token-0123456789', 'a1');
  expect(first.labelsOf(token)).toEqual({ agentId: 'a1', labels: '{tenant="red"}' });
  expect([...storage.state('tide-token/').values()].join()).not.toContain(token);

  const second = setUp({ joins }, storage.reopened());
  expect(second.labelsOf(token).agentId).toBe('a1');
  const both = await Promise.allSettled([
    second.enrol('join-token-0123456789', 'a2'),
    second.enrol('join-token-0123456789', 'a3'),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});

test('a join token out of time gives nothing', async () => {
  const joins = 'join-token-0123456789 expires=2026-01-02T00:00:00Z\n';
  const { enrol, clock } = setUp({ joins });
  await clock.advance(25 * 3_600_000);
  await expect(enrol('join-token-0123456789', 'a1')).rejects.toThrow(
    'expired at 2026-01-02T00:00:00.000Z, it is',
  );
});

test.each([
  ['join-token-0123456789 uses=0', 'uses=0'],
  ['join-token-0123456789 expires=soon', 'expires=soon'],
  ['join-token-0123456789 tenant', 'NAME=VALUE'],
])('%j is refused', (joins, problem) => {
  expect(() => setUp({ joins })).toThrow(problem);
});

const terms = (more: Partial<JoinTokenTerms> = {}): JoinTokenTerms => ({
  ...{ usesMax: 1, expiresMs: START_MS + DAY_MS, agents: '*', labels: Labels.EMPTY },
  ...more,
});

const newRequest = () =>
  createCertificateRequest('any', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));

/** An agent with a certificate, by a join token made for it. */
async function enrolled(agentId: string, labels = {}, made = setUp()) {
  const { token } = await made.credentials.joinTokens.create(
    terms({ labels: Labels.fromObject(labels) }),
  );
  const { certificate } = await made.enrol(token, agentId, newRequest());
  const x509 = new X509Certificate(certificate?.certificatePem ?? '');
  const who = (credentials = made.credentials, certificate = x509) => {
    const caller = { remoteAddress: '198.51.100.1', isForwarded: false, isEncrypted: true };
    const principal = credentials.check({ ...caller, authorization: undefined, certificate });
    return { agentId: principal.agentId, labels: principal.labels.toObject() };
  };
  return { ...made, token, certificate, x509, who };
}

test('a join token that was made here gives a certificate that says who it is', async () => {
  const { who, x509, certificate, authority, token, credentials, storage, folder } = await enrolled(
    'edge:1',
    { tenant: 'red & blue', site: 'a=b,c' },
  );
  expect(who()).toEqual({ agentId: 'edge:1', labels: { tenant: 'red & blue', site: 'a=b,c' } });
  expect(x509.subject).toBe('CN=edge:1');
  expect(certificate?.expiresMs).toBe(START_MS + 30 * DAY_MS);
  expect(certificate?.authorityPem).toBe(authority.certificatePem);
  expect(statSync(join(folder, 'tls', 'ca-key.pem')).mode & 0o777).toBe(0o600);
  const [info] = credentials.joinTokens.list();
  expect(info).toMatchObject({ uses: 1, usesMax: 1, isRevoked: false });
  expect(token.startsWith(`${info?.id}.`)).toBe(true);
  const states = [...storage.state('')].map(([key, value]) => key + Buffer.from(value).toString());
  expect(states.join()).not.toContain(token.split('.')[1]);
});

test('why a join token gives nothing is said, and what to do', async () => {
  const { credentials, enrol, clock } = setUp();
  const { joinTokens } = credentials;
  const twice = await joinTokens.create(terms({ usesMax: 2, agents: 'edge-*' }));
  await expect(enrol('abcdef.unknown', 'a1')).rejects.toThrow(
    'the join token is not known; make one with: tidegauge token create',
  );
  await expect(enrol(twice.token, 'core-1', newRequest())).rejects.toThrow(
    `the join token ${twice.info.id} is for agents edge-*, not for core-1`,
  );
  const wrong = newRequest();
  wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
  await expect(enrol(twice.token, 'edge-1', wrong)).rejects.toThrow('not signed by the key');
  await enrol(twice.token, 'edge-1', newRequest());
  await enrol(twice.token, 'edge-2', newRequest());
  await expect(enrol(twice.token, 'edge-3', newRequest())).rejects.toThrow('used up: 2 of 2 uses');
  const ended = await joinTokens.create(terms());
  await joinTokens.revoke(ended.token);
  await expect(enrol(ended.token, 'a1')).rejects.toThrow('was revoked');
  const late = await joinTokens.create(terms());
  await clock.advance(DAY_MS + 1);
  await expect(enrol(late.token, 'a1')).rejects.toThrow('expired at 2026-01-02T00:00:00.000Z');
  await clock.advance(8 * DAY_MS);
  await joinTokens.create(terms({ expiresMs: Infinity }));
  expect(joinTokens.list()).toHaveLength(1);
});

test.each<[Partial<JoinTokenTerms>, string]>([
  [{ usesMax: 0 }, 'uses 0'],
  [{ expiresMs: START_MS }, 'expired already'],
  [{ agents: 'a b' }, 'agents "a b"'],
  [{ labels: Labels.fromObject({ 'a-b': 'c' }) }, '"a-b" is no label name'],
])('a join token with %j is not made', async (wrong, problem) => {
  await expect(setUp().credentials.joinTokens.create(terms(wrong))).rejects.toThrow(problem);
});

test('certificates out of time, of others, or for another use are refused in clear words', async () => {
  const { who, clock, credentials } = await enrolled('a1');
  const stranger = await enrolled('a1');
  expect(() => stranger.who(credentials)).toThrow(/issued by CN=Tidegauge authority .*join again/);
  const server = new X509Certificate(setUp().authority.issueServer(['localhost']).chainPem);
  expect(() => who(credentials, server)).toThrow('not by this collector');
  await clock.advance(30 * DAY_MS + 1000);
  expect(() => who()).toThrow(/expired at 2026-01-31T00:00:00.000Z, it is .*: join again/);
  await clock.advance(-31 * DAY_MS);
  expect(() => who()).toThrow(/begins at .*look at the clock of the collector/);
});

test('a server certificate of our own authority is no agent', async () => {
  const { authority, who, credentials } = await enrolled('a1');
  const server = new X509Certificate(authority.issueServer(['localhost', '::1']).chainPem);
  expect(server.checkHost('localhost')).toBe('localhost');
  expect(() => who(credentials, server)).toThrow('not that of an agent');
});

test('who is revoked stays out, with what it has and with what it could get, until restored', async () => {
  const { who, clock, credentials, enrol, storage, authority } = await enrolled('a1');
  const bearer = await credentials.joinTokens.create(terms({ usesMax: 5 }));
  const { token = '' } = await enrol(bearer.token, 'a1');
  await clock.advance(1000);
  await credentials.revoke('a1');
  expect(() => who()).toThrow('agent a1 was revoked at 2026-01-01T00:00:01.000Z');
  const caller = { remoteAddress: '127.0.0.1', isForwarded: false, isEncrypted: true };
  const shown = { ...caller, authorization: `Bearer ${token}`, certificate: undefined };
  expect(() => credentials.check(shown)).toThrow('not known');
  await expect(enrol(bearer.token, 'a1', newRequest())).rejects.toThrow('agents restore a1');
  expect(() => credentials.certify({ agentId: 'a1', labels: Labels.EMPTY }, newRequest())).toThrow(
    'was revoked',
  );
  const reopened = new Credentials({
    ...{ storage: storage.reopened(), clock, tokenFile: '', joinTokenFile: '', authority },
    certificateLifetimeMs: DAY_MS,
  });
  expect(() => who(reopened)).toThrow('agent a1 was revoked');
  await credentials.revocations.lift('a1');
  // What it had is still not worth anything; what it gets now is.
  expect(() => who()).toThrow('the certificate of a1 was revoked: join again');
  await clock.advance(1);
  const again = await enrol(bearer.token, 'a1', newRequest());
  const certificate = new X509Certificate(again.certificate?.certificatePem ?? '');
  expect(who(credentials, certificate).agentId).toBe('a1');
  await expect(credentials.revocations.lift('a1')).rejects.toThrow('not revoked');
});

test('over TLS, and behind a proxy, loopback is nobody', () => {
  const { check } = setUp();
  expect(() => check(undefined, '127.0.0.1', { isEncrypted: true })).toThrow('--join');
  expect(() => check(undefined, '127.0.0.1', { isForwarded: true })).toThrow('directly');
});

test('an authority is opened again as it was, and half of one is an error', () => {
  const { authority, folder, clock } = setUp();
  const directory = join(folder, 'tls');
  expect(Authority.open(directory, clock).pin).toBe(authority.pin);
  const other = setUp();
  writeFileSync(join(directory, 'ca.pem'), other.authority.certificatePem);
  expect(() => Authority.open(directory, clock)).toThrow('is not the key of');
  rmSync(join(directory, 'ca.pem'));
  expect(() => Authority.open(directory, clock)).toThrow(/ca-key.pem is there and .*ca.pem is not/);
});
