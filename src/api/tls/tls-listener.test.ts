import { X509Certificate } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { startTlsCollector, temporaryFolder } from '../../../test/support/tls-collector.ts';
import { Authority } from '../../ingest/index.ts';
import { FakeClock, systemClock } from '../../util/index.ts';
import { tlsOptionsSchema } from './options.ts';
import { TlsMaterialSource } from './tls-material.ts';

function get(
  url: string,
  options: https.RequestOptions,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { agent: false, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
  });
}

/** The certificate that a server shows. */
function shown(url: string, ca: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url);
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Error('no certificate'));
      else resolve(certificate);
    });
    socket.on('error', reject);
  });
}

function filesOf(authority: Authority, folder: string, ageSeconds = 0) {
  const { keyPem, chainPem } = authority.issueServer(['127.0.0.1']);
  const files = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
  writeFileSync(files.cert_file, chainPem);
  writeFileSync(files.key_file, keyPem);
  const time = Date.now() / 1000 - ageSeconds;
  for (const file of Object.values(files)) utimesSync(file, time, time);
  return { files, serial: new X509Certificate(chainPem).serialNumber };
}

test('both listeners answer the same, each its own kind of client', async () => {
  const { authority, tlsUrl, url } = await startTlsCollector();
  const ca = authority.certificatePem;
  expect(await get(`${tlsUrl}/-/healthy`, { ca })).toMatchObject({ status: 200 });
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
  await expect(get(`${tlsUrl}/-/healthy`, {})).rejects.toThrow(/self.signed|issuer/);
  const plain = await fetch(tlsUrl.replace('https:', 'http:'));
  expect([plain.status, await plain.text()]).toEqual([
    400,
    'this port speaks TLS: use https:// where you have http://\n',
  ]);
  // A client that would like HTTP/2 is served over what it has.
  const headers = { connection: 'Upgrade', upgrade: 'h2c' };
  expect(await get(`${tlsUrl}/-/healthy`, { ca, headers })).toMatchObject({ status: 200 });
  const old = { ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' } as const;
  await expect(get(`${tlsUrl}/-/healthy`, old)).rejects.toThrow(/version|protocol/i);
});

test('the lowest version is kept to', async () => {
  const { authority, tlsUrl } = await startTlsCollector({ tls: { min_version: 'TLS13' } });
  const ca = authority.certificatePem;
  await expect(get(tlsUrl, { ca, maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/);
  expect((await get(`${tlsUrl}/-/healthy`, { ca })).status).toBe(200);
});

test('with certificates required all but enrolment needs one, and is told so', async () => {
  const { authority, tlsUrl } = await startTlsCollector({
    tls: { client_certificates: 'require' },
  });
  const ca = authority.certificatePem;
  const refused = await get(`${tlsUrl}/api/v1/query?query=1`, { ca });
  expect(refused.status).toBe(401);
  expect(refused.text).toContain('a client certificate or a bearer token is needed');
  const enroll = await get(`${tlsUrl}/tide/v1/enroll`, { ca });
  expect(enroll.status).toBe(405);
});

test('a reload takes certificates anew, and one that is wrong changes nothing', async () => {
  const authority = Authority.open(join(temporaryFolder(), 'ca'), systemClock);
  const folder = temporaryFolder();
  const before = filesOf(authority, folder);
  const collector = await startTlsCollector({ authority, tls: before.files });
  const { tlsUrl, server, options } = collector;
  const ca = authority.certificatePem;
  expect((await shown(tlsUrl, ca)).serialNumber).toBe(before.serial);
  const after = filesOf(authority, folder);
  server.reloadTls(options);
  expect((await shown(tlsUrl, ca)).serialNumber).toBe(after.serial);
  writeFileSync(before.files.key_file, authority.issueServer(['x']).keyPem);
  expect(() => server.reloadTls(options)).toThrow('is not the key of the certificate in');
  writeFileSync(before.files.key_file, 'no key');
  expect(() => server.reloadTls(options)).toThrow('cannot use');
  expect(() => server.reloadTls({ ...options, key_file: '' })).toThrow('key_file is not: set both');
  expect((await shown(tlsUrl, ca)).serialNumber).toBe(after.serial);
});

test('files that change are taken without a reload; our own certificate in time', async () => {
  const clock = new FakeClock(Date.now());
  const authority = Authority.open(join(temporaryFolder(), 'ca'), clock);
  const folder = temporaryFolder();
  const before = filesOf(authority, folder, 60);
  const { tlsUrl } = await startTlsCollector({ authority, clock, tls: before.files });
  const after = filesOf(authority, folder);
  const ca = authority.certificatePem;
  expect((await shown(tlsUrl, ca)).serialNumber).toBe(before.serial);
  await clock.advance(5_000);
  expect((await shown(tlsUrl, ca)).serialNumber).toBe(after.serial);

  const options = tlsOptionsSchema.parse({ listen: '127.0.0.1:0' });
  const later = new FakeClock(Date.now());
  const own = Authority.open(join(folder, 'other-ca'), later);
  const material = new TlsMaterialSource(options, own, later);
  const first = new X509Certificate(material.load().cert);
  const names = ['localhost', '127.0.0.1', '::1'];
  expect(names.map((name) => first.checkHost(name) ?? first.checkIP(name))).toEqual(names);
  expect(material.isStale()).toBe(false);
  await later.advance(61 * 86_400_000);
  expect(material.isStale()).toBe(true);
  material.load();
  expect(material.isStale()).toBe(false);
});
