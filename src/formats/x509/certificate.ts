import { createHash, type KeyObject, sign } from 'node:crypto';
import { Boolean as Asn1Boolean, Integer } from 'asn1js';
import {
  type Asn1,
  bits,
  derOf,
  explicit,
  implicit,
  nameOf,
  octets,
  OID,
  oid,
  pemOf,
  positive,
  publicKeyInfo,
  sequence,
  timeOf,
} from './der.ts';

export type CertificateUse = 'authority' | 'server' | 'client';

/** Names that a certificate is good for, beside its common name. */
export interface SubjectNames {
  readonly dns?: readonly string[];
  /** IPv4 and IPv6 addresses as text. */
  readonly addresses?: readonly string[];
  readonly uris?: readonly string[];
}

export interface CertificateFields {
  /** At most 20 bytes, unique with its issuer. */
  readonly serial: Uint8Array;
  readonly issuerName: string;
  readonly subjectName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly use: CertificateUse;
  readonly publicKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  readonly names?: SubjectNames;
}

const VERSION_3 = 2;
const ALGORITHM = (): Asn1 => sequence(oid(OID.ecdsaWithSha256));
/** Key usage, from the highest bit of the first byte on: keyCertSign, cRLSign; the first. */
const USAGE_AUTHORITY = { bytes: Uint8Array.of(0x06), unusedBits: 1 };
const USAGE_LEAF = { bytes: Uint8Array.of(0x80), unusedBits: 7 };
const TAG_DNS = 2;
const TAG_URI = 6;
const TAG_ADDRESS = 7;

/**
 * A certificate of RFC 5280, version 3, signed by `issuerKey` (ECDSA P-256) with SHA-256, as PEM.
 * An authority may sign certificates but not further authorities.
 */
export function issueCertificate(fields: CertificateFields, issuerKey: KeyObject): string {
  const body = sequence(
    explicit(0, new Integer({ value: VERSION_3 })),
    positive(fields.serial),
    ALGORITHM(),
    nameOf(fields.issuerName),
    sequence(timeOf(fields.notBeforeMs), timeOf(fields.notAfterMs)),
    nameOf(fields.subjectName),
    publicKeyInfo(fields.publicKey),
    explicit(3, sequence(...extensionsOf(fields))),
  );
  const signature = sign('sha256', derOf(body), issuerKey);
  return pemOf('CERTIFICATE', derOf(sequence(body, ALGORITHM(), bits(signature))));
}

function extensionsOf({ use, publicKey, issuerPublicKey, names }: CertificateFields): Asn1[] {
  const isAuthority = use === 'authority';
  const usage = isAuthority ? USAGE_AUTHORITY : USAGE_LEAF;
  const constraints = isAuthority
    ? sequence(new Asn1Boolean({ value: true }), new Integer({ value: 0 }))
    : sequence();
  const extensions = [
    extension(OID.basicConstraints, constraints, true),
    extension(OID.keyUsage, bits(usage.bytes, usage.unusedBits), true),
    extension(OID.subjectKeyId, octets(keyId(publicKey))),
    extension(OID.authorityKeyId, sequence(implicit(0, keyId(issuerPublicKey)))),
  ];
  if (!isAuthority) {
    const purpose = use === 'server' ? OID.serverAuth : OID.clientAuth;
    extensions.push(extension(OID.extendedKeyUsage, sequence(oid(purpose))));
  }
  if (names !== undefined) {
    extensions.push(extension(OID.subjectAltName, sequence(...namesOf(names))));
  }
  return extensions;
}

function extension(id: string, value: Asn1, critical = false): Asn1 {
  const rest = octets(derOf(value));
  return critical
    ? sequence(oid(id), new Asn1Boolean({ value: true }), rest)
    : sequence(oid(id), rest);
}

function namesOf({ dns = [], addresses = [], uris = [] }: SubjectNames): Asn1[] {
  return [
    ...dns.map((name) => implicit(TAG_DNS, Buffer.from(name, 'ascii'))),
    ...uris.map((uri) => implicit(TAG_URI, Buffer.from(uri, 'ascii'))),
    ...addresses.map((address) => implicit(TAG_ADDRESS, addressBytes(address))),
  ];
}

/** The 4 or 16 bytes of an address that is known to be one. */
function addressBytes(address: string): Uint8Array {
  if (!address.includes(':')) return Uint8Array.from(address.split('.').map(Number));
  // URL writes the last two groups of a mapped IPv4 address as hexadecimal, too.
  const host = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail] = host.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const all = [...first, ...zeros, ...last].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** As RFC 5280, 4.2.1.2 suggests, of the whole key information. */
function keyId(key: KeyObject): Uint8Array {
  const info = key.export({ type: 'spki', format: 'der' });
  return createHash('sha1').update(info).digest();
}
