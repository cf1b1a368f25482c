import { randomBytes, randomInt } from 'node:crypto';
import { isLegacyLabelName, Labels } from '../../../model/index.ts';
import type { Storage } from '../../../storage/api.ts';
import type { Clock } from '../../../util/index.ts';
import { ConnectionRefusedError } from '../transport/refusal.ts';
import { IdentityError, TokenFileError } from './errors.ts';
import { hashOf, labelsOf, readTokenLines, type TokenLine } from './token-lines.ts';

/** Kinds of the keys of join tokens that were made here, and of uses of those of a file. */
const MADE_STATE_PREFIX = 'tide-join-token/';
const FILE_USES_STATE_PREFIX = 'tide-join/';

const ID_CHARS = 'abcdefghijkmnpqrstuvwxyz23456789';
const ID_LENGTH = 6;
const SECRET_BYTES = 24;
/** Tokens that were used up or are out of time are told of for so long. */
const KEPT_MS = 7 * 86_400_000;
/** Tokens held at most; the limit is there for a script that runs wild. */
const TOKENS_MAX = 10_000;

/** What a join token allows. */
export interface JoinTokenTerms {
  /** Most agents that may enroll with it. */
  readonly usesMax: number;
  /** Infinity: never. */
  readonly expiresMs: number;
  /** Ids that agents may take with it, `*` standing for any characters; '*' allows all. */
  readonly agents: string;
  /** On every series of those agents. */
  readonly labels: Labels;
}

/** A join token that was made here; the token itself is not held. */
export interface JoinTokenInfo extends JoinTokenTerms {
  readonly id: string;
  readonly createdMs: number;
  readonly uses: number;
  readonly isRevoked: boolean;
}

interface Held extends JoinTokenTerms {
  /** How to name it to a person. */
  readonly name: string;
  readonly stateKey: string;
  uses: number;
  isRevoked: boolean;
}

interface Made extends Held {
  readonly id: string;
  readonly hash: string;
  readonly createdMs: number;
}

/** Join tokens: those made here, which the store holds as hashes, and those of a file. */
export class JoinTokens {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #made = new Map<string, Made>();
  #ofFile = new Map<string, Held>();
  readonly #fileUses = new Map<string, number>();

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
    for (const [key, value] of storage.state(FILE_USES_STATE_PREFIX)) {
      const uses = Number(Buffer.from(value).toString());
      this.#fileUses.set(key.slice(FILE_USES_STATE_PREFIX.length), uses);
    }
    for (const [key, value] of storage.state(MADE_STATE_PREFIX)) {
      const made = decode(key.slice(MADE_STATE_PREFIX.length), value);
      this.#made.set(made.hash, made);
    }
  }

  /** Reads the file of join tokens, '' for none. @throws TokenFileError and changes nothing */
  load(file: string): void {
    const found = new Map<string, Held>();
    for (const line of readTokenLines(file)) {
      const hash = hashOf(line.token);
      const stateKey = `${FILE_USES_STATE_PREFIX}${hash}`;
      const uses = this.#ofFile.get(hash)?.uses ?? this.#fileUses.get(hash) ?? 0;
      const name = `of ${line.place}`;
      found.set(hash, { ...termsOf(line), name, stateKey, uses, isRevoked: false });
    }
    this.#ofFile = found;
  }

  /** Tokens made here, the newest first. */
  list(): JoinTokenInfo[] {
    return [...this.#made.values()]
      .map(({ hash: _, stateKey: __, name: ___, ...info }) => info)
      .sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : 1));
  }

  /**
   * Makes a token; resolves when it is durable. The token is told this once.
   * @throws IdentityError where the terms are wrong; StorageError
   */
  async create(terms: JoinTokenTerms): Promise<{ token: string; info: JoinTokenInfo }> {
    const nowMs = this.#clock.now();
    check(terms, nowMs);
    await this.#forgetOld(nowMs);
    if (this.#made.size >= TOKENS_MAX) {
      throw new IdentityError('invalid', `${TOKENS_MAX} join tokens are held, the limit`);
    }
    const chars = Array.from({ length: ID_LENGTH }, () => ID_CHARS[randomInt(ID_CHARS.length)]);
    const id = chars.join('');
    const token = `${id}.${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const made = newToken(id, hashOf(token), nowMs, terms);
    await this.#write(made);
    this.#made.set(made.hash, made);
    return { token, info: made };
  }

  /** Ends a token; resolves when that is durable. @throws IdentityError; StorageError */
  async revoke(id: string): Promise<void> {
    // A person may give the whole token, which begins with its id.
    const wanted = id.split('.')[0];
    const made = [...this.#made.values()].find((one) => one.id === wanted);
    if (made === undefined) {
      throw new IdentityError('unknown', `no join token ${JSON.stringify(wanted)} is known`);
    }
    made.isRevoked = true;
    await this.#write(made);
  }

  /**
   * Spends one use of a token for an agent; resolves when that is durable, with what it gives.
   * @throws ConnectionRefusedError (401, or 403 where the token is right and not for this)
   */
  async spend(token: string, agentId: string): Promise<JoinTokenTerms> {
    const held = this.#require(token, agentId);
    // Counted before the write, so that two at once do not both take the last use.
    held.uses++;
    await this.#write(held);
    return held;
  }

  /** What a token would give an agent. @throws ConnectionRefusedError as `spend` does */
  check(token: string, agentId: string): JoinTokenTerms {
    return this.#require(token, agentId);
  }

  #require(token: string, agentId: string): Held {
    const hash = hashOf(token);
    const held = this.#made.get(hash) ?? this.#ofFile.get(hash);
    const nowMs = this.#clock.now();
    const [problem, status = 401] = faultOf(held, agentId, nowMs);
    if (held === undefined || problem !== undefined) {
      const text = `${problem}; make one with: tidegauge token create`;
      throw new ConnectionRefusedError(status, text);
    }
    return held;
  }

  #write(held: Held): Promise<unknown> {
    const appender = this.#storage.appender();
    appender.putState(held.stateKey, encode(held));
    return appender.commit();
  }

  async #forgetOld(nowMs: number): Promise<void> {
    const appender = this.#storage.appender();
    const old = [...this.#made.values()].filter(({ expiresMs }) => expiresMs + KEPT_MS < nowMs);
    if (old.length === 0) return;
    for (const { stateKey } of old) appender.putState(stateKey, undefined);
    await appender.commit();
    for (const { hash } of old) this.#made.delete(hash);
  }
}

/** What forbids the use of a token, and the status to say it with. */
function faultOf(held: Held | undefined, agentId: string, nowMs: number): [string?, number?] {
  if (held === undefined) return ['the join token is not known'];
  const { name, usesMax, expiresMs, agents } = held;
  if (held.isRevoked) return [`the join token ${name} was revoked`];
  if (nowMs > expiresMs) {
    const [expiry, now] = [expiresMs, nowMs].map((ms) => new Date(ms).toISOString());
    return [`the join token ${name} expired at ${expiry}, it is ${now} here`];
  }
  if (held.uses >= usesMax) {
    return [`the join token ${name} is used up: ${held.uses} of ${usesMax} uses`];
  }
  if (matches(agents, agentId)) return [];
  return [`the join token ${name} is for agents ${agents}, not for ${agentId}`, 403];
}

function matches(pattern: string, agentId: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+^${}()|\\?[\]]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(agentId);
}

function check({ usesMax, expiresMs, agents, labels }: JoinTokenTerms, nowMs: number): void {
  const fail = (message: string): never => {
    throw new IdentityError('invalid', message);
  };
  if (!Number.isInteger(usesMax) || usesMax < 1) fail(`uses ${usesMax}, wanted 1 or more`);
  if (!(expiresMs > nowMs)) fail('the join token would have expired already');
  if (!/^[A-Za-z0-9._:*-]{1,128}$/.test(agents) || agents.split('*').length > 5) {
    const text = `agents ${JSON.stringify(agents.slice(0, 64))}, wanted letters, digits,`;
    fail(`${text} . _ : - and up to four *`);
  }
  for (const name of Object.keys(labels.toObject())) {
    if (!isLegacyLabelName(name)) fail(`${JSON.stringify(name)} is no label name`);
  }
}

function termsOf(line: TokenLine): JoinTokenTerms {
  const { fields, place } = line;
  const usesMax = Number(fields.get('uses') ?? 1);
  const expires = fields.get('expires');
  const expiresMs = expires === undefined ? Infinity : Date.parse(expires);
  if (!Number.isInteger(usesMax) || usesMax < 1) {
    throw new TokenFileError(`${place}: uses=${fields.get('uses')}, wanted 1 or more`);
  }
  if (Number.isNaN(expiresMs)) {
    throw new TokenFileError(`${place}: expires=${expires}, wanted a time as RFC 3339 has it`);
  }
  const labels = labelsOf(line, ['uses', 'expires', 'agents']);
  return { usesMax, expiresMs, agents: fields.get('agents') ?? '*', labels };
}

function newToken(id: string, hash: string, createdMs: number, terms: JoinTokenTerms): Made {
  const held = { name: id, stateKey: `${MADE_STATE_PREFIX}${id}`, uses: 0, isRevoked: false };
  const { usesMax, expiresMs, agents, labels } = terms;
  return { id, hash, createdMs, usesMax, expiresMs, agents, labels, ...held };
}

function encode(held: Held | Made): Uint8Array {
  // Those of a file are kept by their hash, with nothing but their uses.
  if (!('id' in held)) return Buffer.from(String(held.uses));
  const { hash, createdMs, usesMax, expiresMs, agents, labels, uses, isRevoked } = held;
  const record = { hash, createdMs, usesMax, expiresMs, agents, uses, isRevoked };
  return Buffer.from(JSON.stringify({ ...record, labels: labels.toObject() }));
}

function decode(id: string, value: Uint8Array): Made {
  const { hash, createdMs, uses, isRevoked, labels, ...terms } = JSON.parse(
    Buffer.from(value).toString(),
  ) as Omit<Made, 'labels' | 'expiresMs'> & {
    labels: Record<string, string>;
    expiresMs: number | null;
  };
  // JSON has no Infinity.
  const expiresMs = terms.expiresMs ?? Infinity;
  const whole = { ...terms, expiresMs, labels: Labels.fromObject(labels) };
  return { ...newToken(id, hash, createdMs, whole), uses, isRevoked };
}
