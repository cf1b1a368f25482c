import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import { temporaryFolder } from '../../../test/support/tls-collector.ts';
import { encodeControl } from '../../formats/tide/index.ts';
import { createCertificateRequest, publicKeyHash } from '../../formats/x509/index.ts';
import { Labels } from '../../model/index.ts';
import { SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { Authority, Credentials } from './identity/index.ts';
import { agentsOptionsSchema } from './options.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const LIFE_MS = 60_000;

function setUp(policies: readonly object[] = []) {
  const clock = new FakeClock(START_MS);
  const storage = new MemoryStorage();
  const authority = Authority.open(join(temporaryFolder(), 'ca'), clock);
  const identity = new Credentials({
    ...{ storage, clock, tokenFile: '', joinTokenFile: '', authority },
    certificateLifetimeMs: LIFE_MS,
  });
  const server = new SessionServer({
    ...{ storage, sources: new SourceRegistry({ clock }), clock, logger: silentLogger },
    ...{ runId: 'run', identity, random: () => 0.5 },
    options: agentsOptionsSchema.parse({ policies }),
  });
  server.start();
  onTestFinished(() => server.close());
  const connect = async (changes: { as?: string; expiresMs?: number; nonce?: number } = {}) => {
    const connection = new FakeAgentConnection();
    const { as: agentId = 'a1', expiresMs } = changes;
    const labels = Labels.fromObject({ site: 'berlin' });
    const id = server.attach(connection, {
      ...{ agentId, labels },
      ...(expiresMs === undefined ? {} : { expiresMs }),
    });
    const agent = new ScriptedAgent({
      ...{ agentId: 'a1', epoch: START_MS, seriesCount: 2, nonce: changes.nonce ?? 7 },
    });
    const send = (frame: Uint8Array): void => server.receive(id, frame);
    send(agent.hello());
    await clock.advance(10);
    return { agent, connection, send };
  };
  return { authority, clock, connect, identity, server };
}

test('a certificate is renewed over the session, which then lives as long as the new one', async () => {
  const { authority, clock, connect } = setUp();
  const { connection, send, agent } = await connect({ expiresMs: START_MS + LIFE_MS });
  const beats = async (count: number): Promise<void> => {
    for (let beat = 0; beat < count; beat++) {
      send(agent.heartbeat(clock.now()));
      await clock.advance(10_000);
    }
  };
  await beats(4);
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const request = createCertificateRequest('somebody-else', keys);
  send(encodeControl({ type: 'CERTIFICATE_REQUEST', request }, START_MS));
  const { certificatePem, authorityPem } = connection.last('CERTIFICATE');
  expect(authorityPem).toBe(authority.certificatePem);
  const certificate = new X509Certificate(certificatePem);
  expect(publicKeyHash(certificate.publicKey)).toBe(publicKeyHash(keys.publicKey));
  // Who it is of is what the session has shown, not what the request says.
  expect(authority.identify(certificate)).toMatchObject({
    agentId: 'a1',
    labels: Labels.fromObject({ site: 'berlin' }),
  });
  await beats(5);
  // By now the first certificate would have ended the session, and then the second does.
  expect(connection.all('FENCE')).toEqual([]);
  await beats(2);
  expect(connection.last('FENCE')).toMatchObject({
    ...{ reason: 'REVOKED', message: 'the certificate expired', retryAfterMs: 2000 },
  });
});

test('what is no request is not answered, and without a certificate there is none to renew', async () => {
  const { connect } = setUp();
  const certified = await connect({ expiresMs: START_MS + LIFE_MS });
  const wrong = { type: 'CERTIFICATE_REQUEST', request: Uint8Array.of(1, 2, 3) } as const;
  certified.send(encodeControl(wrong, START_MS));
  expect(certified.connection.all('CERTIFICATE')).toEqual([]);
  expect(certified.connection.all('FENCE')).toEqual([]);
  const byToken = await connect();
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const right = { ...wrong, request: createCertificateRequest('a1', keys) };
  byToken.send(encodeControl(right, START_MS));
  expect(byToken.connection.all('CERTIFICATE')).toEqual([]);
});

test("a clone with another's certificate is fenced, with its own epoch or the same one", async () => {
  const { connect } = setUp();
  const expiresMs = START_MS + LIFE_MS;
  const first = await connect({ expiresMs });
  const other = await connect({ expiresMs, as: 'a2' });
  expect(other.connection.last('FENCE')).toMatchObject({
    ...{ reason: 'REVOKED', message: 'the credentials are those of a2, not of a1' },
  });
  const clone = await connect({ expiresMs, nonce: 8 });
  expect(clone.connection.last('FENCE').reason).toBe('CLONED');
  expect(first.connection.all('FENCE')).toEqual([]);
});

test('an agent that is revoked is sent away, and not let in again', async () => {
  const { connect, identity, server } = setUp();
  const { connection } = await connect({ expiresMs: START_MS + LIFE_MS });
  const done = identity.revoke('a1');
  server.revoked('a1');
  await done;
  expect(connection.last('FENCE')).toMatchObject({ reason: 'REVOKED', retryAfterMs: undefined });
  expect(connection.last('FENCE').message).toContain('agent a1 was revoked');
  const again = await connect();
  expect(again.connection.last('FENCE').message).toContain('agent a1 was revoked');
});

test('a policy comes with WELCOME, and another one when the configuration is read again', async () => {
  const rule = { match: { agent: 'a.*', site: 'berlin' }, interval: '10s' };
  const { connect, server, clock } = setUp([rule]);
  const { connection } = await connect();
  const first = connection.last('WELCOME').policy ?? expect.fail('no policy');
  expect(first.groups).toMatchObject([{ group: 1, intervalMs: 10_000, mode: 'SAMPLE' }]);
  const rules = (given: object[]) => agentsOptionsSchema.parse({ policies: given }).policies;
  server.configure(rules([{ ...rule, interval: '10000ms' }]));
  expect(connection.all('POLICY')).toEqual([]);
  server.configure(rules([{ ...rule, interval: '20s' }]));
  const second = connection.last('POLICY').policy;
  expect(second.groups).toMatchObject([{ intervalMs: 20_000 }]);
  expect(second.version).toBeGreaterThan(first.version);
  await clock.advance(1);
  server.configure(rules([]));
  expect(connection.last('POLICY').policy).toMatchObject({ groups: [], tolerances: [] });
  expect(server.entry('a1')?.policy?.groups).toEqual([]);
});

test('without rules there is no policy', async () => {
  const { connect, server } = setUp();
  const { connection } = await connect();
  expect(connection.last('WELCOME').policy).toBeUndefined();
  server.configure([]);
  expect(connection.all('POLICY')).toEqual([]);
});
