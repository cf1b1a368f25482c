import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createCertificateRequest,
  issueCertificate,
  openCertificateRequest,
  parsePin,
  publicKeyHash,
  X509FormatError,
} from './index.ts';

const START_MS = Date.parse('2026-01-01T00:00:00.500Z');
const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

function authority(keys = newKeys(), notAfterMs = Date.parse('2051-01-01T00:00:00Z')) {
  const pem = issueCertificate(
    {
      serial: Uint8Array.of(0x81, 2),
      ...{ issuerName: 'A', subjectName: 'A', use: 'authority' },
      ...{ notBeforeMs: START_MS, notAfterMs },
      ...{ publicKey: keys.publicKey, issuerPublicKey: keys.publicKey },
    },
    keys.privateKey,
  );
  return { keys, certificate: new X509Certificate(pem), pem };
}

test('certificates say what they were made to say, and are signed by their authority', () => {
  const { keys, certificate: ca } = authority();
  expect(ca.ca).toBe(true);
  expect(ca.subject).toBe('CN=A');
  expect(ca.serialNumber).toBe('8102');
  expect(new Date(ca.validFrom).toISOString()).toBe('2026-01-01T00:00:00.000Z');
  expect(new Date(ca.validTo).toISOString()).toBe('2051-01-01T00:00:00.000Z');
  const { publicKey } = newKeys();
  const pem = issueCertificate(
    {
      serial: Uint8Array.of(3),
      ...{ issuerName: 'A', subjectName: 'localhost', use: 'server' },
      ...{ notBeforeMs: START_MS, notAfterMs: START_MS + 86_400_000 },
      ...{ publicKey, issuerPublicKey: keys.publicKey },
      names: {
        dns: ['localhost'],
        addresses: ['127.0.0.1', '::1', '2001:db8::7:0:1', '::ffff:10.0.0.1'],
        uris: ['tidegauge://agent/a1?tenant=red'],
      },
    },
    keys.privateKey,
  );
  const leaf = new X509Certificate(pem);
  expect(leaf.verify(ca.publicKey)).toBe(true);
  expect(leaf.verify(newKeys().publicKey)).toBe(false);
  expect(leaf.checkIssued(ca)).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(leaf.checkHost('localhost')).toBe('localhost');
  expect(leaf.checkHost('other')).toBeUndefined();
  for (const ip of ['127.0.0.1', '::1', '2001:db8::7:0:1']) expect(leaf.checkIP(ip)).toBe(ip);
  expect(leaf.subjectAltName).toContain('URI:tidegauge://agent/a1?tenant=red');
  expect(leaf.subjectAltName).toContain('IP Address:0:0:0:0:0:FFFF:A00:1');
});

test('a request gives its key, and only to whoever has the private one', () => {
  const keys = newKeys();
  const der = createCertificateRequest('edge-1', keys);
  expect(publicKeyHash(openCertificateRequest(der))).toBe(publicKeyHash(keys.publicKey));
  const forged = createCertificateRequest('edge-1', {
    publicKey: keys.publicKey,
    privateKey: newKeys().privateKey,
  });
  expect(() => openCertificateRequest(forged)).toThrow('not signed by the key');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  expect(() => openCertificateRequest(createCertificateRequest('x', rsa))).toThrow(
    'is rsa, wanted prime256v1',
  );
  expect(() => openCertificateRequest(new Uint8Array(5000))).toThrow('5000 bytes');
});

test('a request with bytes changed, cut off or made up never gives another key', () => {
  const keys = newKeys();
  const der = createCertificateRequest('edge-1', keys);
  const refusedOrSame = (bytes: Uint8Array): void => {
    try {
      expect(publicKeyHash(openCertificateRequest(bytes))).toBe(publicKeyHash(keys.publicKey));
    } catch (error) {
      expect(error).toBeInstanceOf(X509FormatError);
    }
  };
  const refused = (bytes: Uint8Array): void => {
    expect(() => openCertificateRequest(bytes)).toThrow(X509FormatError);
  };
  for (let at = 0; at < der.length; at++) {
    refusedOrSame(Uint8Array.from(der, (byte, index) => (index === at ? byte ^ 0x41 : byte)));
    refused(der.subarray(0, at));
  }
  refused(Uint8Array.from([...der, 0]));
  refused(new Uint8Array(4096).fill(0x30));
  for (const depth of [10, 1000]) refused(nested(depth));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refused), { numRuns: 300 });
});

/** Sequences in one another, each with a length of four bytes. */
function nested(depth: number): Uint8Array {
  const bytes = new Uint8Array(4 * depth);
  for (let level = 0; level < depth; level++) {
    const rest = bytes.length - 4 * (level + 1);
    bytes.set([0x30, 0x82, rest >> 8, rest & 0xff], 4 * level);
  }
  return bytes;
}

test('OpenSSL reads a request and a certificate as we wrote them', () => {
  const run = (args: string[], input: Uint8Array | string): string =>
    execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  const request = ['req', '-inform', 'DER', '-noout', '-verify', '-subject'];
  expect(run(request, createCertificateRequest('edge-1', newKeys()))).toMatch(/CN ?= ?edge-1/);
  const text = run(['x509', '-noout', '-text'], authority().pem);
  expect(text).toContain('CA:TRUE, pathlen:0');
  expect(text).toContain('Certificate Sign, CRL Sign');
});

test.each([' SHA256:' + 'AB'.repeat(32), `sha256:${'ab'.repeat(32)}`])('%j is a pin', (text) => {
  expect(parsePin(text)).toBe(`sha256:${'ab'.repeat(32)}`);
});

test.each(['', 'sha256:', 'ab'.repeat(32), `sha1:${'ab'.repeat(32)}`])('%j is none', (text) => {
  expect(() => parsePin(text)).toThrow('64 hex digits');
});
