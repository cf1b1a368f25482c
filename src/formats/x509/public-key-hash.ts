import { createHash, type KeyObject } from 'node:crypto';
import { excerpt } from '../../model/index.ts';
import { X509FormatError } from './errors.ts';

const PIN = /^sha256:([0-9a-f]{64})$/;

/**
 * `sha256:HEX` over the SubjectPublicKeyInfo of a key, as kubeadm and RFC 7469 pin authorities: it
 * stays when the certificate around the key is made anew.
 */
export function publicKeyHash(key: KeyObject): string {
  const info = key.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(info).digest('hex')}`;
}

/** A pin as a person gave it, in the form of `publicKeyHash`. @throws X509FormatError */
export function parsePin(text: string): string {
  const pin = text.trim().toLowerCase();
  if (PIN.test(pin)) return pin;
  throw new X509FormatError(`${excerpt(text)} is no pin, wanted sha256: and 64 hex digits`);
}
