import { randomBytes, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { openCertificateRequest, X509FormatError } from '../../../formats/x509/index.ts';
import { Labels } from '../../../model/index.ts';
import type { Storage } from '../../../storage/api.ts';
import type { Clock } from '../../../util/index.ts';
import type { Principal } from '../agent-connection.ts';
import { ConnectionRefusedError } from '../transport/refusal.ts';
import type { Authority } from './authority.ts';
import { JoinTokens } from './join-tokens.ts';
import { Revocations } from './revocations.ts';
import { hashOf, labelsOf, readTokenLines } from './token-lines.ts';

/** Kind of the keys of tokens that enrolment gave out. */
const TOKEN_STATE_PREFIX = 'tide-token/';

export interface CredentialsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  /** '' for none. */
  readonly tokenFile: string;
  readonly joinTokenFile: string;
  /** Who signs certificates of agents; undefined where there is no TLS. */
  readonly authority?: Authority | undefined;
  readonly certificateLifetimeMs: number;
}

/** What a request shows of who it comes from. */
export interface Caller {
  readonly authorization: string | undefined;
  readonly remoteAddress: string;
  /** A header says that somebody handed it on: the address is not that of who asks. */
  readonly isForwarded: boolean;
  readonly isEncrypted: boolean;
  /** Client certificate of the TLS connection, of whatever authority. */
  readonly certificate: X509Certificate | undefined;
}

export interface Enrolment {
  readonly joinToken: string;
  readonly agentId: string;
  /** PKCS #10, DER; without one, or without an authority, a bearer token is given. */
  readonly request: Uint8Array | undefined;
}

/** A certificate for an agent, and that of who signed it, both PEM. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  readonly authorityPem: string;
  readonly expiresMs: number;
}

/** What enrolment gives: a token or a certificate. */
export interface Enrolled {
  readonly agentId: string;
  readonly labels: Labels;
  readonly token?: string;
  readonly certificate?: IssuedCertificate;
}

/** Who may connect as an agent. */
export class Credentials {
  readonly joinTokens: JoinTokens;
  readonly revocations: Revocations;
  readonly #options: CredentialsOptions;
  #tokens = new Map<string, Principal>();
  readonly #enrolled = new Map<string, Principal>();

  /** @throws TokenFileError */
  constructor(options: CredentialsOptions) {
    this.#options = options;
    const { storage, clock } = options;
    this.joinTokens = new JoinTokens(storage, clock);
    this.revocations = new Revocations(storage, clock);
    for (const [key, value] of storage.state(TOKEN_STATE_PREFIX)) {
      this.#enrolled.set(key.slice(TOKEN_STATE_PREFIX.length), decodePrincipal(value));
    }
    this.reload();
  }

  /** Pin of the authority, to be given to agents; undefined without one. */
  get pin(): string | undefined {
    return this.#options.authority?.pin;
  }

  /** Reads the files again. @throws TokenFileError, and what was read before stays in force. */
  reload(): void {
    const tokens = new Map<string, Principal>();
    for (const line of readTokenLines(this.#options.tokenFile)) {
      const agentId = line.fields.get('agent');
      tokens.set(hashOf(line.token), { agentId, labels: labelsOf(line, ['agent']) });
    }
    this.joinTokens.load(this.#options.joinTokenFile);
    this.#tokens = tokens;
  }

  /** @throws ConnectionRefusedError (401, 403) */
  check(caller: Caller): Principal {
    const principal = this.#identify(caller);
    const fault = principal.agentId && this.revocations.faultOf(principal.agentId);
    if (fault !== undefined && fault !== '') throw new ConnectionRefusedError(403, fault);
    return principal;
  }

  #identify(caller: Caller): Principal {
    const { authorization, certificate } = caller;
    if (authorization !== undefined) {
      const match = /^Bearer +(\S+)$/i.exec(authorization);
      const hash = hashOf(match?.[1] ?? '');
      const principal = this.#tokens.get(hash) ?? this.#enrolled.get(hash);
      if (principal !== undefined) return principal;
      throw new ConnectionRefusedError(401, 'the token is not known');
    }
    if (certificate !== undefined) return this.#certified(certificate);
    const { tokenFile, joinTokenFile } = this.#options;
    const isOpen = tokenFile === '' && joinTokenFile === '' && !caller.isEncrypted;
    if (isOpen && !caller.isForwarded && isLoopback(caller.remoteAddress)) {
      return { agentId: undefined, labels: Labels.EMPTY };
    }
    throw new ConnectionRefusedError(401, missingText(caller, isOpen));
  }

  #certified(certificate: X509Certificate): Principal {
    const { authority } = this.#options;
    const found = authority?.identify(certificate) ?? {
      fault: 'client certificates are not taken',
    };
    if ('fault' in found) throw new ConnectionRefusedError(401, found.fault);
    const { agentId, labels, issuedMs, expiresMs } = found;
    const fault = this.revocations.faultOf(agentId);
    if (fault !== undefined) throw new ConnectionRefusedError(403, fault);
    if (this.revocations.isRevoked(agentId, issuedMs)) {
      const text = `the certificate of ${agentId} was revoked: join again with a new join token`;
      throw new ConnectionRefusedError(403, text);
    }
    return { agentId, labels, expiresMs };
  }

  /**
   * Gives an agent a certificate or a token of its own for a join token; resolves when what has to
   * be remembered is durable.
   * @throws ConnectionRefusedError (400, 401, 403); StorageError
   */
  async enrol({ joinToken, agentId, request }: Enrolment): Promise<Enrolled> {
    const fault = this.revocations.faultOf(agentId);
    if (fault !== undefined) throw new ConnectionRefusedError(403, fault);
    const { authority, storage } = this.#options;
    // Whoever has no token costs no more than a look for it; and what is wrong spends none.
    this.joinTokens.check(joinToken, agentId);
    if (request !== undefined) readRequestKey(request);
    const { labels } = await this.joinTokens.spend(joinToken, agentId);
    if (authority !== undefined && request !== undefined) {
      return { agentId, labels, certificate: this.certify({ agentId, labels }, request) };
    }
    const token = randomBytes(32).toString('base64url');
    const appender = storage.appender();
    const state = JSON.stringify({ agentId, labels: labels.toObject() });
    appender.putState(`${TOKEN_STATE_PREFIX}${hashOf(token)}`, Buffer.from(state));
    await appender.commit();
    this.#enrolled.set(hashOf(token), { agentId, labels });
    return { agentId, token, labels };
  }

  /**
   * A certificate for the key of an agent that has shown who it is.
   * @throws ConnectionRefusedError (400, 403)
   */
  certify(
    identity: { readonly agentId: string; readonly labels: Labels },
    request: Uint8Array,
  ): IssuedCertificate {
    const { authority, certificateLifetimeMs } = this.#options;
    if (authority === undefined) {
      throw new ConnectionRefusedError(403, 'this collector gives no certificates');
    }
    const fault = this.revocations.faultOf(identity.agentId);
    if (fault !== undefined) throw new ConnectionRefusedError(403, fault);
    const key = readRequestKey(request);
    const { pem, expiresMs } = authority.issueAgent(key, identity, certificateLifetimeMs);
    return { certificatePem: pem, authorityPem: authority.certificatePem, expiresMs };
  }

  /** Ends what an agent was given, and forbids its id; resolves when that is durable. */
  async revoke(agentId: string): Promise<void> {
    const tokens = [...this.#enrolled].filter(([, principal]) => principal.agentId === agentId);
    for (const [hash] of tokens) this.#enrolled.delete(hash);
    await this.revocations.revoke(
      agentId,
      tokens.map(([hash]) => `${TOKEN_STATE_PREFIX}${hash}`),
    );
  }
}

function missingText({ isEncrypted, isForwarded }: Caller, isOpen: boolean): string {
  if (isEncrypted) {
    return (
      'a client certificate or a bearer token is needed: make a join token with ' +
      '`tidegauge token create`, and start the agent with --join'
    );
  }
  if (!isOpen) return 'a bearer token is needed';
  const what = isForwarded ? 'and directly ' : '';
  return (
    `without a token only loopback addresses may connect, ${what}as they do: set ` +
    'tidegauge.agents.token_file, or tidegauge.tls.listen and use join tokens'
  );
}

function readRequestKey(request: Uint8Array): ReturnType<typeof openCertificateRequest> {
  try {
    return openCertificateRequest(request);
  } catch (error) {
    if (!(error instanceof X509FormatError)) throw error;
    throw new ConnectionRefusedError(400, error.message);
  }
}

function decodePrincipal(value: Uint8Array): Principal {
  const held = JSON.parse(Buffer.from(value).toString()) as {
    agentId: string;
    labels: Record<string, string>;
  };
  return { agentId: held.agentId, labels: Labels.fromObject(held.labels) };
}

function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
