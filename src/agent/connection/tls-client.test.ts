import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTlsCollector, temporaryFolder } from '../../../test/support/tls-collector.ts';
import { Authority } from '../../ingest/index.ts';
import { Labels } from '../../model/index.ts';
import { FakeClock, systemClock } from '../../util/index.ts';
import { agentOptionsSchema } from '../agent-options.ts';
import { enroll, openTls } from '../identity.ts';
import { connector } from './connector.ts';
import { tlsFaultOf } from './tls-client.ts';
import type { TransportKind } from './transport.ts';

const DAY_MS = 86_400_000;
const WRONG_PIN = `sha256:${'ab'.repeat(32)}`;

async function joined(collector: string, given: Record<string, unknown>, agentId = 'a1') {
  const options = agentOptionsSchema.parse({ data: temporaryFolder(), ...given });
  const tls = await openTls(options, collector, agentId, Date.now());
  const enrolment = { options, collector, agentId, userAgent: 'test', tls, nowMs: Date.now() };
  await enroll(enrolment);
  return { options, tls, enrolment };
}

/** How a connection ends, or `open`. */
function tryToConnect(
  url: string,
  tls: { ca?: string; cert?: string; key?: string },
  kind: TransportKind = 'websocket',
): Promise<string> {
  return new Promise((resolve) => {
    const address = { url, token: () => undefined, userAgent: 'test', keepsAlive: true };
    const transport = connector({ ...address, tls: () => tls })(kind, {
      opened: () => {
        // Polling opens before anything was sent.
        if (kind === 'poll') transport.send(Uint8Array.of(0));
        else resolve('open');
      },
      frames: () => resolve('open'),
      closed: ({ reason }) => resolve(reason),
    });
    onTestFinished(() => transport.abort());
  });
}

test('with a join token and the pin an agent gets its certificate, and connects with it', async () => {
  const { tlsUrl, authority, joinToken, agents } = await startTlsCollector();
  const given = {
    join_token: await joinToken(),
    ca_hash: authority.pin.toUpperCase().replace('SHA', 'sha'),
  };
  const { tls, options, enrolment } = await joined(tlsUrl, given);
  expect(tls.identity?.isValid(Date.now())).toBe(true);
  expect(existsSync(join(options.data, 'token'))).toBe(false);
  expect(readFileSync(join(options.data, 'collector-ca.pem'), 'utf8')).toBe(
    authority.certificatePem,
  );
  expect(await tryToConnect(tlsUrl, tls.tls())).toBe('open');
  expect(await tryToConnect(tlsUrl, tls.tls(), 'poll')).toBe('open');
  // The token has done its work: it is not spent again; another one is.
  await enroll(enrolment);
  expect(agents.credentials.joinTokens.list()[0]?.uses).toBe(1);
  const other = { ...options, join_token: await joinToken() };
  await enroll({ ...enrolment, options: other });
  expect(agents.credentials.joinTokens.list().map(({ uses }) => uses)).toEqual([1, 1]);
});

test('over plain HTTP it gets a token', async () => {
  const { url, joinToken } = await startTlsCollector();
  const { options } = await joined(url, { join_token: await joinToken() });
  expect(readFileSync(join(options.data, 'token'), 'utf8').length).toBeGreaterThan(40);
});

test('a wrong pin: nothing is sent, and both pins are told', async () => {
  const { tlsUrl, authority, joinToken, agents } = await startTlsCollector();
  const wrong = joined(tlsUrl, { join_token: await joinToken(), ca_hash: WRONG_PIN });
  await expect(wrong).rejects.toThrow(
    new RegExp(`is not who --ca-hash says: it shows .*${authority.pin}.*wanted ${WRONG_PIN}`),
  );
  expect(agents.credentials.joinTokens.list()[0]?.uses).toBe(0);
});

test('without the pin the authority is not trusted, and what to give is told', async () => {
  const { tlsUrl, joinToken } = await startTlsCollector();
  await expect(joined(tlsUrl, { join_token: await joinToken() })).rejects.toThrow(
    /authority that is not trusted here .*--ca-file, or .*--ca-hash/,
  );
  expect(await tryToConnect(tlsUrl, {})).toMatch(/not trusted here/);
});

test('a join token that is out of time says so', async () => {
  const { tlsUrl, authority, agents } = await startTlsCollector();
  const token = await agents.credentials.joinTokens.create({
    ...{ usesMax: 1, expiresMs: Date.now() + 5, agents: '*', labels: Labels.EMPTY },
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  const late = joined(tlsUrl, { join_token: token.token, ca_hash: authority.pin });
  await expect(late).rejects.toThrow(/answered 401: the join token .* expired at .*token create/);
});

test('a certificate of another collector is told from one that is wanted', async () => {
  const [here, other] = [await startTlsCollector(), await startTlsCollector()];
  const given = { join_token: await other.joinToken(), ca_hash: other.authority.pin };
  const { tls } = await joined(other.tlsUrl, given);
  const mixed = { ...tls.tls(), ca: here.authority.certificatePem };
  for (const kind of ['websocket', 'poll'] as const) {
    expect(await tryToConnect(here.tlsUrl, mixed, kind)).toMatch(
      /answered 401: the client certificate was issued by CN=Tidegauge authority .* join again/,
    );
  }
});

test('certificates that are out of time by the clock of either end say so', async () => {
  const withClock = (clock: FakeClock) =>
    startTlsCollector({ authority: Authority.open(join(temporaryFolder(), 'ca'), clock) });
  const old = await withClock(new FakeClock(Date.now() - 200 * DAY_MS));
  const given = { join_token: await old.joinToken(), ca_hash: old.authority.pin };
  await expect(joined(old.tlsUrl, given)).rejects.toThrow(/has expired as it is .* renew it/);
  const young = await withClock(new FakeClock(Date.now() + 2 * DAY_MS));
  const early = { join_token: await young.joinToken(), ca_hash: young.authority.pin };
  await expect(joined(young.tlsUrl, early)).rejects.toThrow(/valid from .* and it is .* the clock/);

  // The server's certificate is good, that of the agent has run out.
  const clock = new FakeClock(Date.now());
  const { tlsUrl, authority, joinToken } = await withClock(clock);
  const { tls } = await joined(tlsUrl, { join_token: await joinToken(), ca_hash: authority.pin });
  await clock.advance(31 * DAY_MS);
  expect(await tryToConnect(tlsUrl, tls.tls())).toMatch(
    /answered 401: the client certificate expired at .*join again with a new join token/,
  );
});

test('plain HTTP to a port with TLS, and TLS to a plain one, are told from each other', async () => {
  const { tlsUrl, url } = await startTlsCollector();
  const plain = tlsUrl.replace('https:', 'http:');
  for (const kind of ['websocket', 'poll'] as const) {
    expect(await tryToConnect(plain, {}, kind)).toMatch(/answered 400: this port speaks TLS/);
    expect(await tryToConnect(url.replace('http:', 'https:'), {}, kind)).toMatch(
      /speaks no TLS: use http:\/\/, or the port of tidegauge.tls.listen/,
    );
  }
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await expect(joined(`https://127.0.0.1:${port}`, { ca_hash: WRONG_PIN })).rejects.toThrow(
    'speaks no TLS',
  );
});

test('a name that the certificate has not is told with those it has', async () => {
  const authority = Authority.open(join(temporaryFolder(), 'ca'), systemClock);
  const { tlsUrl, joinToken } = await startTlsCollector({ authority });
  const token = await joinToken();
  const other = tlsUrl.replace('127.0.0.1', '127.0.0.2');
  const wrong = joined(other, { join_token: token, ca_hash: authority.pin });
  // Where 127.0.0.2 is not listened on the connection fails first.
  await expect(wrong).rejects.toThrow(/tidegauge.tls.server_names|nothing listens there/);
  const error = Object.assign(new Error('IP: 1.2.3.4 is not in the cert'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  expect(tlsFaultOf(error, other)).toContain('tidegauge.tls.server_names');
});
