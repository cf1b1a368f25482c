import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { issueCertificate, publicKeyHash } from '../../../formats/x509/index.ts';
import { Labels, messageOf } from '../../../model/index.ts';
import type { Clock } from '../../../util/index.ts';
import { makeFolder } from '../../../util/index.ts';
import { AuthorityError } from './errors.ts';

const CERTIFICATE_FILE = 'ca.pem';
const KEY_FILE = 'ca-key.pem';
const DAY_MS = 86_400_000;
const AUTHORITY_MS = 3650 * DAY_MS;
const SERVER_MS = 90 * DAY_MS;
/** Certificates begin before they are made: clocks of agents differ, and that here may be set. */
const BACKDATED_MS = 3_600_000;
const BACKDATED_PART = 1 / 20;
const ISSUED_BYTES = 6;
const AGENT_URI = 'tidegauge://agent/';

/** What a client certificate of this authority says. */
export interface AgentCertificate {
  readonly agentId: string;
  readonly labels: Labels;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** Why a client certificate is not accepted, in words for the agent's operator. */
export interface CertificateFault {
  readonly fault: string;
}

/**
 * The collector's own certificate authority: an ECDSA P-256 key and a certificate in a folder, made
 * when they are needed first. It signs the server's certificate, where none is configured, and
 * those of agents, which carry id and labels as a URI.
 */
export class Authority {
  readonly #clock: Clock;
  readonly #key: KeyObject;
  readonly #certificate: X509Certificate;
  /** PEM, as clients that should trust the server need it. */
  readonly certificatePem: string;
  /** `sha256:HEX` of the authority's public key. */
  readonly pin: string;
  readonly #name: string;

  constructor(certificatePem: string, keyPem: string, clock: Clock) {
    this.#clock = clock;
    this.#key = createPrivateKey(keyPem);
    this.#certificate = new X509Certificate(certificatePem);
    this.certificatePem = certificatePem;
    this.pin = publicKeyHash(this.#certificate.publicKey);
    this.#name = this.#certificate.subject.replace(/^CN=/, '');
  }

  /** Opens the authority of a folder, or makes it. @throws AuthorityError */
  static open(folder: string, clock: Clock): Authority {
    const [certificateFile, keyFile] = [join(folder, CERTIFICATE_FILE), join(folder, KEY_FILE)];
    const [hasCertificate, hasKey] = [existsSync(certificateFile), existsSync(keyFile)];
    if (hasCertificate !== hasKey) {
      const [there, missing] = hasKey ? [keyFile, certificateFile] : [certificateFile, keyFile];
      const remedy = 'restore it, or remove both and have every agent join again';
      throw new AuthorityError(`${there} is there and ${missing} is not: ${remedy}`);
    }
    try {
      if (!hasKey) make(folder, { certificateFile, keyFile }, clock);
      const [certificate, key] = [certificateFile, keyFile].map((file) =>
        readFileSync(file, 'utf8'),
      );
      const authority = new Authority(certificate ?? '', key ?? '', clock);
      if (authority.#certificate.checkPrivateKey(authority.#key)) return authority;
    } catch (error) {
      const text = `the authority in ${folder} cannot be used: ${messageOf(error)}`;
      throw new AuthorityError(text, { cause: error });
    }
    throw new AuthorityError(`${keyFile} is not the key of ${certificateFile}`);
  }

  /** A key and certificate chain for a server of these names and addresses; valid for 90 days. */
  issueServer(names: readonly string[]): { keyPem: string; chainPem: string; expiresMs: number } {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const nowMs = this.#clock.now();
    const expiresMs = this.#until(nowMs + SERVER_MS);
    const pem = issueCertificate(
      {
        ...this.#fields(publicKey, nowMs, expiresMs),
        ...{ subjectName: names[0] ?? 'tidegauge', use: 'server' },
        names: {
          dns: names.filter((name) => isIP(name) === 0),
          addresses: names.filter((name) => isIP(name) !== 0),
        },
      },
      this.#key,
    );
    const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    // With the authority itself, so that whoever has its pin finds it.
    return { keyPem, chainPem: `${pem}${this.certificatePem}`, expiresMs };
  }

  /** A client certificate for the key of an agent, as PEM. */
  issueAgent(
    publicKey: KeyObject,
    { agentId, labels }: Pick<AgentCertificate, 'agentId' | 'labels'>,
    lifetimeMs: number,
  ): { pem: string; issuedMs: number; expiresMs: number } {
    const issuedMs = this.#clock.now();
    const expiresMs = this.#until(issuedMs + lifetimeMs);
    const query = new URLSearchParams(labels.toObject()).toString();
    const uri = `${AGENT_URI}${encodeURIComponent(agentId)}${query === '' ? '' : `?${query}`}`;
    const pem = issueCertificate(
      {
        ...this.#fields(publicKey, issuedMs, expiresMs),
        ...{ subjectName: agentId, use: 'client', names: { uris: [uri] } },
      },
      this.#key,
    );
    return { pem, issuedMs, expiresMs };
  }

  /**
   * Who a client certificate is of, or why it is not accepted. That the client has its key is for
   * the TLS handshake to show.
   */
  identify(certificate: X509Certificate): AgentCertificate | CertificateFault {
    const isOurs =
      certificate.issuer === this.#certificate.subject &&
      certificate.verify(this.#certificate.publicKey);
    if (!isOurs) {
      const issuer = certificate.issuer.replaceAll('\n', ', ').slice(0, 100);
      return {
        fault:
          `the client certificate was issued by ${issuer}, not by this collector's ` +
          `authority (${this.#name}, ${this.pin}): join again with a join token of this collector`,
      };
    }
    const [startMs, expiresMs] = [certificate.validFrom, certificate.validTo].map(Date.parse);
    const nowMs = this.#clock.now();
    if (startMs === undefined || expiresMs === undefined || nowMs > expiresMs) {
      return {
        fault:
          `the client certificate expired at ${isoTime(expiresMs)}, it is ${isoTime(nowMs)} ` +
          'here: join again with a new join token',
      };
    }
    if (nowMs < startMs) {
      return {
        fault:
          `the client certificate begins at ${isoTime(startMs)}, it is ${isoTime(nowMs)} here: ` +
          'look at the clock of the collector',
      };
    }
    const uri = /URI:(tidegauge:\/\/agent\/[^\s,"]+)/.exec(certificate.subjectAltName ?? '')?.[1];
    if (uri === undefined) return { fault: 'the client certificate is not that of an agent' };
    const [path = '', query = ''] = uri.slice(AGENT_URI.length).split('?');
    return {
      agentId: decodeURIComponent(path),
      labels: Labels.fromEntries([...new URLSearchParams(query)]),
      issuedMs: issuedMsOf(certificate.serialNumber),
      expiresMs,
    };
  }

  #fields(publicKey: KeyObject, nowMs: number, notAfterMs: number) {
    return {
      serial: newSerial(nowMs),
      issuerName: this.#name,
      // Little of a short life: agents renew by the part that is over.
      notBeforeMs: nowMs - Math.min(BACKDATED_MS, (notAfterMs - nowMs) * BACKDATED_PART),
      notAfterMs,
      publicKey,
      issuerPublicKey: this.#certificate.publicKey,
    };
  }

  /** Nothing outlives what signed it. */
  #until(timeMs: number): number {
    const endMs = Math.min(timeMs, Date.parse(this.#certificate.validTo));
    return Math.floor(endMs / 1000) * 1000;
  }
}

function make(
  folder: string,
  files: { certificateFile: string; keyFile: string },
  clock: Clock,
): void {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const nowMs = clock.now();
  const name = `Tidegauge authority ${randomBytes(4).toString('hex')}`;
  const pem = issueCertificate(
    {
      ...{ serial: newSerial(nowMs), issuerName: name, subjectName: name, use: 'authority' },
      ...{ notBeforeMs: nowMs - BACKDATED_MS, notAfterMs: nowMs + AUTHORITY_MS },
      ...{ publicKey, issuerPublicKey: publicKey },
    },
    privateKey,
  );
  makeFolder(folder, 0o700);
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  writeFileSync(files.keyFile, keyPem, { mode: 0o600, flag: 'wx' });
  writeFileSync(files.certificateFile, pem, { mode: 0o644, flag: 'wx' });
}

/** The time of issue, by which certificates are revoked, and after it what nobody can guess. */
function newSerial(nowMs: number): Uint8Array {
  const serial = randomBytes(16);
  serial.writeUIntBE(nowMs, 0, ISSUED_BYTES);
  return serial;
}

function issuedMsOf(serialNumber: string): number {
  return Number.parseInt(serialNumber.padStart(32, '0').slice(0, 2 * ISSUED_BYTES), 16);
}

function isoTime(timeMs: number | undefined): string {
  return new Date(timeMs ?? NaN).toISOString();
}
