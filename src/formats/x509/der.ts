import {
  BitString,
  Constructed,
  fromBER,
  GeneralizedTime,
  Integer,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as SetOf,
  UTCTime,
  Utf8String,
} from 'asn1js';
import type { KeyObject } from 'node:crypto';

/** Any ASN.1 value. */
export type Asn1 = ReturnType<typeof fromBER>['result'];

/** Object identifiers of RFC 5280 and RFC 5758, as far as they are written here. */
export const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** From then on times have four digits for the year (RFC 5280, 4.1.2.5). */
const GENERALIZED_FROM_YEAR = 2050;

export function sequence(...value: Asn1[]): Sequence {
  return new Sequence({ value });
}

export function oid(value: string): ObjectIdentifier {
  return new ObjectIdentifier({ value });
}

export function octets(bytes: Uint8Array): OctetString {
  return new OctetString({ valueHex: copyOf(bytes) });
}

export function bits(bytes: Uint8Array, unusedBits = 0): BitString {
  return new BitString({ valueHex: copyOf(bytes), unusedBits });
}

/** A positive whole number by its bytes, the highest first. */
export function positive(bytes: Uint8Array): Integer {
  const first = bytes[0] ?? 0;
  const padded = first >= 0x80 ? Uint8Array.from([0, ...bytes]) : bytes;
  return new Integer({ valueHex: copyOf(padded) });
}

/** A value under a context-specific tag, its own tag kept. */
export function explicit(tagNumber: number, value: Asn1): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [value] });
}

/** Bytes under a context-specific tag alone. */
export function implicit(tagNumber: number, bytes: Uint8Array): Primitive {
  return new Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex: copyOf(bytes) });
}

/** A distinguished name of a common name alone. */
export function nameOf(commonName: string): Sequence {
  const attribute = sequence(oid(OID.commonName), new Utf8String({ value: commonName }));
  return sequence(new SetOf({ value: [attribute] }));
}

/** Whole seconds; the rest is cut off. */
export function timeOf(timeMs: number): UTCTime | GeneralizedTime {
  const valueDate = new Date(Math.floor(timeMs / 1000) * 1000);
  const isLate = valueDate.getUTCFullYear() >= GENERALIZED_FROM_YEAR;
  return isLate ? new GeneralizedTime({ valueDate }) : new UTCTime({ valueDate });
}

export function publicKeyInfo(key: KeyObject): Asn1 {
  return fromBER(copyOf(key.export({ type: 'spki', format: 'der' }))).result;
}

export function derOf(value: Asn1): Buffer {
  return Buffer.from(value.toBER());
}

/** PEM of RFC 7468. */
export function pemOf(label: 'CERTIFICATE', der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** Bytes in a buffer of their own: pools of node's buffers are larger than what is in them. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
