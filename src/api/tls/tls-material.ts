import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { Authority } from '../../ingest/index.ts';
import { messageOf, TidegaugeError } from '../../model/index.ts';
import type { Clock } from '../../util/index.ts';
import type { TlsOptions } from './options.ts';

/** A certificate or key that cannot be used. */
export class TlsMaterialError extends TidegaugeError {
  readonly code = 'tls_material';
}

/** What a TLS context is made of, PEM. */
export interface TlsMaterial {
  readonly key: string;
  /** With those between it and its authority. */
  readonly cert: string;
  readonly expiresMs: number;
}

/**
 * The certificate of the listener: from files, or made by the own authority, and when to take it
 * anew.
 */
export class TlsMaterialSource {
  readonly #authority: Authority;
  readonly #clock: Clock;
  #options: TlsOptions;
  /** Of the files as they were read; '' before, and where there are none. */
  #stamp = '';
  #renewMs = Infinity;

  constructor(options: TlsOptions, authority: Authority, clock: Clock) {
    this.#options = options;
    this.#authority = authority;
    this.#clock = clock;
  }

  get options(): TlsOptions {
    return this.#options;
  }

  /** Whether it comes from files, not from the own authority. */
  get isConfigured(): boolean {
    return this.#options.cert_file !== '';
  }

  configure(options: TlsOptions): void {
    this.#options = options;
  }

  /** Whether files have changed, or our own certificate has come to two thirds of its time. */
  isStale(): boolean {
    if (!this.isConfigured) return this.#clock.now() >= this.#renewMs;
    return this.#stampOf() !== this.#stamp;
  }

  /** @throws TlsMaterialError */
  load(): TlsMaterial {
    const { cert_file: certFile, key_file: keyFile } = this.#options;
    if ((certFile === '') !== (keyFile === '')) {
      const [set, missing] =
        certFile === '' ? ['key_file', 'cert_file'] : ['cert_file', 'key_file'];
      throw new TlsMaterialError(`tidegauge.tls.${set} is set and ${missing} is not: set both`);
    }
    return certFile === '' ? this.#make() : this.#read(certFile, keyFile);
  }

  #make(): TlsMaterial {
    const nowMs = this.#clock.now();
    const { keyPem, chainPem, expiresMs } = this.#authority.issueServer(this.#names());
    this.#renewMs = nowMs + ((expiresMs - nowMs) * 2) / 3;
    return { key: keyPem, cert: chainPem, expiresMs };
  }

  #read(certFile: string, keyFile: string): TlsMaterial {
    // Also where it fails: a file that is wrong is not read again until it changes.
    this.#stamp = this.#stampOf();
    try {
      const [cert, key] = [certFile, keyFile].map((file) => readFileSync(file, 'utf8')) as [
        string,
        string,
      ];
      const certificate = new X509Certificate(cert);
      if (certificate.checkPrivateKey(createPrivateKey(key))) {
        return { key, cert, expiresMs: Date.parse(certificate.validTo) };
      }
    } catch (error) {
      const text = `cannot use ${certFile} with ${keyFile}: ${messageOf(error)}`;
      throw new TlsMaterialError(text, { cause: error });
    }
    throw new TlsMaterialError(`${keyFile} is not the key of the certificate in ${certFile}`);
  }

  #stampOf(): string {
    const stamps = [this.#options.cert_file, this.#options.key_file].map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? 'none' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
    });
    return stamps.join(' ');
  }

  /** What this host may be called, those that were configured first. */
  #names(): string[] {
    const { server_names: configured, listen } = this.#options;
    const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    const isAny = host === '' || host === '0.0.0.0' || host === '::';
    const addresses = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      // Link-local addresses are not reached without their zone, which no certificate has.
      .filter(({ address, scopeid = 0 }) => isIP(address) !== 0 && scopeid === 0)
      .map(({ address }) => address);
    const own = isAny ? addresses : [host];
    const all = [...configured, 'localhost', hostname(), ...own, '127.0.0.1', '::1'];
    return [...new Set(all)].filter((name) => /^[A-Za-z0-9._:-]{1,253}$/.test(name));
  }
}
