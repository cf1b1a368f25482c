import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificateRequest } from '../../formats/x509/index.ts';
import { messageOf } from '../../model/index.ts';
import { makeFolder } from '../../util/index.ts';
import { AgentSetupError } from '../errors.ts';

const IDENTITY_FILE = 'identity.pem';
/** Part of a certificate's life after which it is renewed. */
const RENEW_AFTER = 2 / 3;
/** Part of its life after which what was not answered is asked again. */
const AGAIN_AFTER = 1 / 20;
const AGAIN_MS_MIN = 1_000;
const AGAIN_MS_MAX = 600_000;

/**
 * The agent's key and certificate, in one file that is replaced as a whole. The key is made here
 * and never leaves; each certificate has a new one.
 */
export class ClientIdentity {
  readonly #path: string;
  readonly #agentId: string;
  #pem: string | undefined;
  #certificate: X509Certificate | undefined;
  #pending: KeyObject | undefined;
  #askedMs = -Infinity;

  /** Takes up what the folder holds. @throws AgentSetupError where it cannot be read */
  constructor(dataDir: string, agentId: string) {
    this.#path = join(dataDir, IDENTITY_FILE);
    this.#agentId = agentId;
    if (!existsSync(this.#path)) return;
    try {
      const pem = readFileSync(this.#path, 'utf8');
      const certificate = new X509Certificate(pem);
      if (!certificate.checkPrivateKey(createPrivateKey(pem))) {
        throw new RangeError('its key is not that of its certificate');
      }
      this.#certificate = certificate;
      this.#pem = pem;
    } catch (error) {
      const remedy = 'remove it and start with --join and a new join token';
      const text = `${this.#path} cannot be used: ${messageOf(error)}; ${remedy}`;
      throw new AgentSetupError(text, { cause: error });
    }
  }

  /** Key and certificate, PEM; undefined while there is none. */
  get pem(): string | undefined {
    return this.#pem;
  }

  /** Undefined while there is no certificate. */
  get expiresMs(): number | undefined {
    return this.#certificate === undefined ? undefined : Date.parse(this.#certificate.validTo);
  }

  /** Whether there is a certificate of this agent that has not expired. */
  isValid(nowMs: number): boolean {
    return nowMs < (this.expiresMs ?? -Infinity) && this.#agentIdOf() === this.#agentId;
  }

  /** A request for a certificate if it is time for one; its key is held until `accept`. */
  renewal(nowMs: number): Uint8Array | undefined {
    if (this.#certificate === undefined) return undefined;
    const startMs = Date.parse(this.#certificate.validFrom);
    const lifeMs = Date.parse(this.#certificate.validTo) - startMs;
    if (nowMs < startMs + lifeMs * RENEW_AFTER) return undefined;
    const againMs = Math.min(AGAIN_MS_MAX, Math.max(AGAIN_MS_MIN, lifeMs * AGAIN_AFTER));
    if (nowMs >= this.#askedMs && nowMs < this.#askedMs + againMs) return undefined;
    this.#askedMs = nowMs;
    return this.request();
  }

  /** A request with a new key; the one before, if it was not answered, is forgotten. */
  request(): Uint8Array {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    this.#pending = pair.privateKey;
    return createCertificateRequest(this.#agentId, pair);
  }

  /**
   * Takes the certificate that was asked for last, and writes it with its key.
   * @throws AgentSetupError where it is not that, or cannot be written
   */
  accept(certificatePem: string): void {
    try {
      const certificate = new X509Certificate(certificatePem);
      const key = this.#pending;
      if (key === undefined || !certificate.checkPrivateKey(key)) {
        throw new RangeError('it is not for the key that was asked with');
      }
      const pem = `${key.export({ type: 'pkcs8', format: 'pem' }).toString()}${certificatePem}`;
      makeFolder(join(this.#path, '..'));
      const temporary = `${this.#path}.new`;
      writeFileSync(temporary, pem, { mode: 0o600, flush: true });
      renameSync(temporary, this.#path);
      this.#certificate = certificate;
      this.#pem = pem;
      this.#pending = undefined;
    } catch (error) {
      const text = `the certificate that the collector gave cannot be used: ${messageOf(error)}`;
      throw new AgentSetupError(text, { cause: error });
    }
  }

  #agentIdOf(): string | undefined {
    return /^CN=(.*)$/m.exec(this.#certificate?.subject ?? '')?.[1];
  }
}
