import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Labels, messageOf, TidegaugeError } from '../../model/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Clock } from '../../util/index.ts';
import type { Principal } from './agent-connection.ts';
import { ConnectionRefusedError } from './transport/refusal.ts';

/** Kinds of the keys of tokens that enrolment gave out, and of uses of join tokens. */
const TOKEN_STATE_PREFIX = 'tide-token/';
const JOIN_STATE_PREFIX = 'tide-join/';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const TOKEN_BYTES_MIN = 16;

/** A token file that cannot be used. */
export class TokenFileError extends TidegaugeError {
  readonly code = 'token_file';
}

interface JoinToken {
  readonly uses: number;
  readonly expiresMs: number;
  readonly labels: Labels;
}

export interface CredentialsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  /** '' for none. */
  readonly tokenFile: string;
  readonly joinTokenFile: string;
}

/** What enrolment gives. */
export interface Enrolled {
  readonly agentId: string;
  readonly token: string;
  readonly labels: Labels;
}

interface Line {
  readonly token: string;
  readonly fields: ReadonlyMap<string, string>;
  /** Where it stands, for errors. */
  readonly place: string;
}

/**
 * Who may connect as an agent. Tokens are kept, compared and stored as SHA-256 hashes only, so that
 * looking one up takes the same time whatever is wrong with it.
 */
export class Credentials {
  readonly #options: CredentialsOptions;
  #tokens = new Map<string, Principal>();
  #joinTokens = new Map<string, JoinToken>();
  readonly #enrolled = new Map<string, Principal>();
  readonly #uses = new Map<string, number>();

  /** @throws TokenFileError */
  constructor(options: CredentialsOptions) {
    this.#options = options;
    const { storage } = options;
    for (const [key, value] of storage.state(TOKEN_STATE_PREFIX)) {
      this.#enrolled.set(key.slice(TOKEN_STATE_PREFIX.length), decodePrincipal(value));
    }
    for (const [key, value] of storage.state(JOIN_STATE_PREFIX)) {
      const uses = Number(Buffer.from(value).toString());
      this.#uses.set(key.slice(JOIN_STATE_PREFIX.length), uses);
    }
    this.reload();
  }

  /** Reads the files again. @throws TokenFileError, and what was read before stays in force. */
  reload(): void {
    const { tokenFile, joinTokenFile } = this.#options;
    const tokens = new Map<string, Principal>();
    for (const line of readLines(tokenFile)) {
      const agentId = line.fields.get('agent');
      tokens.set(hashOf(line.token), { agentId, labels: labelsOf(line, ['agent']) });
    }
    const joinTokens = new Map<string, JoinToken>();
    for (const line of readLines(joinTokenFile)) {
      joinTokens.set(hashOf(line.token), joinTokenOf(line));
    }
    this.#tokens = tokens;
    this.#joinTokens = joinTokens;
  }

  /** @throws ConnectionRefusedError (401) */
  check(authorization: string | undefined, remoteAddress: string): Principal {
    const isOpen = this.#options.tokenFile === '' && this.#options.joinTokenFile === '';
    if (authorization === undefined) {
      if (isOpen && isLoopback(remoteAddress)) return { agentId: undefined, labels: Labels.EMPTY };
      const text = isOpen
        ? 'without a token only loopback addresses may connect: set tidegauge.agents.token_file'
        : 'a bearer token is needed';
      throw new ConnectionRefusedError(401, text);
    }
    const match = /^Bearer +(\S+)$/i.exec(authorization);
    const hash = hashOf(match?.[1] ?? '');
    const principal = this.#tokens.get(hash) ?? this.#enrolled.get(hash);
    if (principal === undefined) throw new ConnectionRefusedError(401, 'the token is not known');
    return principal;
  }

  /**
   * Gives an agent a token of its own for a join token; resolves when that is durable.
   * @throws ConnectionRefusedError (401); StorageError
   */
  async enrol(joinToken: string, agentId: string): Promise<Enrolled> {
    const joinHash = hashOf(joinToken);
    const join = this.#joinTokens.get(joinHash);
    const uses = this.#uses.get(joinHash) ?? 0;
    if (join === undefined || uses >= join.uses || this.#options.clock.now() > join.expiresMs) {
      throw new ConnectionRefusedError(401, 'the join token is wrong, used up or out of time');
    }
    // Counted before the write, so that two at once do not both take the last use.
    this.#uses.set(joinHash, uses + 1);
    const token = randomBytes(32).toString('base64url');
    const principal = { agentId, labels: join.labels };
    const appender = this.#options.storage.appender();
    const state = JSON.stringify({ agentId, labels: join.labels.toObject() });
    appender.putState(`${TOKEN_STATE_PREFIX}${hashOf(token)}`, Buffer.from(state));
    appender.putState(`${JOIN_STATE_PREFIX}${joinHash}`, Buffer.from(String(uses + 1)));
    await appender.commit();
    this.#enrolled.set(hashOf(token), principal);
    return { agentId, token, labels: join.labels };
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
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

function readLines(file: string): Line[] {
  if (file === '') return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TokenFileError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  const lines: Line[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const [token = '', ...rest] = content.trim().split(/\s+/);
    if (token === '' || token.startsWith('#')) continue;
    const place = `${file}, line ${index + 1}`;
    if (Buffer.byteLength(token) < TOKEN_BYTES_MIN) {
      throw new TokenFileError(`${place}: a token of less than ${TOKEN_BYTES_MIN} bytes`);
    }
    const fields = new Map<string, string>();
    for (const field of rest) {
      const mark = field.indexOf('=');
      if (mark <= 0) throw new TokenFileError(`${place}: ${field}, wanted NAME=VALUE`);
      fields.set(field.slice(0, mark), field.slice(mark + 1));
    }
    lines.push({ token, fields, place });
  }
  return lines;
}

function labelsOf({ fields, place }: Line, others: readonly string[]): Labels {
  const labels = [...fields].filter(([name]) => !others.includes(name));
  for (const [name] of labels) {
    if (!LABEL_NAME.test(name)) throw new TokenFileError(`${place}: ${name} is no label name`);
  }
  return Labels.fromEntries(labels);
}

function joinTokenOf(line: Line): JoinToken {
  const uses = Number(line.fields.get('uses') ?? 1);
  const expires = line.fields.get('expires');
  const expiresMs = expires === undefined ? Infinity : Date.parse(expires);
  if (!Number.isInteger(uses) || uses < 1) {
    throw new TokenFileError(`${line.place}: uses=${line.fields.get('uses')}, wanted 1 or more`);
  }
  if (Number.isNaN(expiresMs)) {
    throw new TokenFileError(`${line.place}: expires=${expires}, wanted a time as RFC 3339 has it`);
  }
  return { uses, expiresMs, labels: labelsOf(line, ['uses', 'expires']) };
}
