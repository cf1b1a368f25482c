import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { BitString, Constructed, fromBER, Integer, Sequence } from 'asn1js';
import { messageOf } from '../../model/index.ts';
import { bits, derOf, implicit, nameOf, OID, oid, publicKeyInfo, sequence } from './der.ts';
import { X509FormatError } from './errors.ts';

/** Largest request that is looked at; one of a P-256 key has some 250 bytes. */
const REQUEST_BYTES_MAX = 4096;
const CURVE = 'prime256v1';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * A certificate request of PKCS #10 (RFC 2986) as DER. The private key signs it, which shows that
 * whoever asks has it, and is not in it.
 */
export function createCertificateRequest(
  commonName: string,
  { publicKey, privateKey }: KeyPair,
): Uint8Array {
  const none = implicit(0, new Uint8Array(0));
  // A constructed, empty set of attributes.
  none.idBlock.isConstructed = true;
  const info = sequence(
    new Integer({ value: 0 }),
    nameOf(commonName),
    publicKeyInfo(publicKey),
    none,
  );
  const signature = sign('sha256', derOf(info), privateKey);
  return derOf(sequence(info, sequence(oid(OID.ecdsaWithSha256)), bits(signature)));
}

/**
 * The public key that a certificate is asked for, after the request was found to be signed by its
 * private key. Names in it are not read: who asks is told by what the request came with.
 * @throws X509FormatError
 */
export function openCertificateRequest(der: Uint8Array): KeyObject {
  if (der.length > REQUEST_BYTES_MAX) {
    const text = `a certificate request of ${der.length} bytes, wanted at most`;
    throw new X509FormatError(`${text} ${REQUEST_BYTES_MAX}`);
  }
  const { info, key, signature } = partsOf(der);
  const publicKey = publicKeyOf(key);
  if (verify('sha256', info, publicKey, signature)) return publicKey;
  throw new X509FormatError('the certificate request is not signed by the key that is in it');
}

function partsOf(der: Uint8Array): { info: Uint8Array; key: Uint8Array; signature: Uint8Array } {
  const { offset, result } = parsed(der);
  const [info, , signature] = membersOf(result);
  const [, , key] = membersOf(info);
  const isWhole = offset === der.length && signature instanceof BitString;
  if (!isWhole || !(info instanceof Sequence) || !(key instanceof Sequence)) {
    throw new X509FormatError(`${der.length} bytes that are no certificate request (PKCS #10)`);
  }
  return {
    info: info.valueBeforeDecodeView,
    key: key.valueBeforeDecodeView,
    signature: signature.valueBlock.valueHexView,
  };
}

function parsed(der: Uint8Array): ReturnType<typeof fromBER> {
  try {
    return fromBER(Uint8Array.from(der).buffer);
  } catch (error) {
    // As deep as bytes may be nested, the library goes.
    const text = `the certificate request cannot be read: ${messageOf(error)}`;
    throw new X509FormatError(text, { cause: error });
  }
}

function membersOf(value: unknown): unknown[] {
  return value instanceof Constructed ? value.valueBlock.value : [];
}

function publicKeyOf(info: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(info), format: 'der', type: 'spki' });
  } catch (error) {
    const text = `the key in the certificate request cannot be read: ${messageOf(error)}`;
    throw new X509FormatError(text, { cause: error });
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === CURVE) return key;
  const seen = curve ?? key.asymmetricKeyType ?? 'unknown';
  throw new X509FormatError(`the key in the certificate request is ${seen}, wanted ${CURVE}`);
}
