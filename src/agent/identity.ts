import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { AgentOptions } from './agent-options.ts';
import { parsePin, publicKeyHash } from '../formats/x509/index.ts';
import { messageOf } from '../model/index.ts';
import { makeFolder } from '../util/index.ts';
import { ClientIdentity } from './connection/client-identity.ts';
import { postToCollector } from './connection/http-request.ts';
import { pinnedAuthority, type TlsClient } from './connection/tls-client.ts';
import { checkToken } from './connection/transport.ts';
import { AgentSetupError } from './errors.ts';

const ID_FILE = 'agent-id';
const TOKEN_FILE = 'token';
const AUTHORITY_FILE = 'collector-ca.pem';
/** Hash of the join token that the certificate was given for. */
const JOINED_FILE = 'joined';
const RUNNING_FILE = 'running';
const ENROLL_TIMEOUT_MS = 10_000;

/** The agent's name: as configured, else as kept in the data folder, else made now and kept. */
export function agentIdOf(options: AgentOptions): string {
  if (options.agent_id !== undefined) return options.agent_id;
  const host = hostname().replaceAll(/[^A-Za-z0-9._-]/g, '-') || 'agent';
  if (options.memory_only) return host;
  const path = join(options.data, ID_FILE);
  if (existsSync(path)) {
    const id = readFileSync(path, 'utf8').trim();
    if (/^[A-Za-z0-9._:-]{1,128}$/.test(id)) return id;
    throw new AgentSetupError(`${path} holds ${JSON.stringify(id.slice(0, 40))}, not a name`);
  }
  makeFolder(options.data);
  // Two hosts of the same name must not be one agent.
  const id = `${host}-${randomBytes(4).toString('hex')}`;
  keepFile(path, `${id}\n`);
  return id;
}

/** Writes a file whole or not at all: what a full disk left of it would be believed for ever. */
function keepFile(path: string, text: string, mode = 0o666): void {
  const made = `${path}.new`;
  try {
    writeFileSync(made, text, { mode, flush: true });
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

/**
 * The bearer token, if any: as configured, from its file (read anew, so that it can be changed), or
 * the one that enrolment gave.
 */
export function tokenOf(options: AgentOptions): string | undefined {
  if (options.token !== undefined) return checkToken(options.token, 'the token');
  if (options.token_file !== undefined) return readToken(options.token_file);
  const path = join(options.data, TOKEN_FILE);
  return !options.memory_only && existsSync(path) ? readToken(path) : undefined;
}

/** @throws AgentSetupError where there is none, or none that can be sent. */
export function readToken(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AgentSetupError(`token file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return checkToken(text.trim(), `the token in ${path}`);
}

const enrolledSchema = z.object({
  token: z.string().min(1).optional(),
  certificate: z.string().min(1).optional(),
});

/** How the agent shows who it is and knows the collector, over TLS. */
export interface AgentTls {
  /** Undefined where nothing is kept on a disk. */
  readonly identity: ClientIdentity | undefined;
  tls(): TlsClient;
}

/**
 * Takes up what the agent has of certificates. With a pin and no authority of that pin kept, the
 * collector is asked for it, so this may wait for the network.
 * @throws AgentSetupError
 */
export async function openTls(
  options: AgentOptions,
  collector: string,
  agentId: string,
  nowMs: number,
): Promise<AgentTls> {
  const { memory_only: memoryOnly, data } = options;
  const identity = memoryOnly ? undefined : new ClientIdentity(data, agentId);
  const isSecure = collector.startsWith('https:');
  const given = (['ca_hash', 'ca_file'] as const).find((key) => options[key] !== undefined);
  if (!isSecure && given !== undefined) {
    throw new AgentSetupError(
      `${given} says which authority is trusted, and ${collector} is not TLS, where none is asked: ` +
        `want a collector at https://, or no ${given}`,
    );
  }
  const authority = isSecure ? await authorityOf(options, collector, nowMs) : undefined;
  const ca = authority === undefined ? {} : { ca: authority };
  return {
    identity,
    tls: () =>
      identity?.pem === undefined ? ca : { ...ca, cert: identity.pem, key: identity.pem },
  };
}

/** The authority that is trusted, PEM; undefined: those of the system. */
async function authorityOf(
  options: AgentOptions,
  collector: string,
  nowMs: number,
): Promise<string | undefined> {
  const { ca_file: file, ca_hash: hash, data, memory_only: memoryOnly } = options;
  if (file !== undefined) {
    try {
      const text = readFileSync(file, 'utf8');
      // What is no certificate would be ignored, and then no collector be trusted.
      void new X509Certificate(text).subject;
      return text;
    } catch (cause) {
      const wanted = `want a file with a certificate as PEM: ${messageOf(cause)}`;
      throw new AgentSetupError(`ca_file ${file}, ${wanted}`, { cause });
    }
  }
  const path = join(data, AUTHORITY_FILE);
  const kept = !memoryOnly && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (hash === undefined) return kept;
  const pin = parsePin(hash);
  if (kept !== undefined && isOfPin(kept, pin)) return kept;
  const found = await pinnedAuthority(collector, pin, nowMs);
  if (!memoryOnly) {
    makeFolder(data);
    keepFile(path, found);
  }
  return found;
}

function isOfPin(pem: string, pin: string): boolean {
  try {
    return publicKeyHash(new X509Certificate(pem).publicKey) === pin;
  } catch {
    // No certificate: it is asked for again.
    return false;
  }
}

export interface EnrolmentOptions {
  readonly options: AgentOptions;
  readonly collector: string;
  readonly agentId: string;
  readonly userAgent: string;
  readonly tls: AgentTls;
  readonly nowMs: number;
}

/**
 * Changes the join token for a certificate, or over plain HTTP for a token, of the agent's own;
 * unless it has one already.
 * @throws AgentSetupError, CollectorRefusedError
 */
export async function enroll(enrolment: EnrolmentOptions): Promise<void> {
  const { options, collector, agentId, userAgent, tls, nowMs } = enrolment;
  const { join_token: given, join_token_file: file } = options;
  if ((given === undefined && file === undefined) || tokenOf(options) !== undefined) return;
  const { identity } = tls;
  if (identity === undefined) {
    throw new AgentSetupError('a join token needs a data folder that what it gives is kept in');
  }
  const joinToken = given ?? readToken(file as string);
  const mark = createHash('sha256').update(joinToken).digest('hex');
  const markPath = join(options.data, JOINED_FILE);
  // A token that stays in the configuration has done its work; another one is there for a reason.
  const isSame = existsSync(markPath) && readFileSync(markPath, 'utf8').trim() === mark;
  if (isSame && identity.isValid(nowMs)) return;
  const isSecure = collector.startsWith('https:');
  const asked = {
    ...{ join_token: joinToken, agent_id: agentId },
    ...(isSecure
      ? { certificate_request: Buffer.from(identity.request()).toString('base64') }
      : {}),
  };
  const { ca } = tls.tls();
  const text = await postToCollector({
    url: new URL('tide/v1/enroll', collector.endsWith('/') ? collector : `${collector}/`).href,
    body: new TextEncoder().encode(JSON.stringify(asked)),
    contentType: 'application/json',
    token: undefined,
    timeoutMs: ENROLL_TIMEOUT_MS,
    userAgent,
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
  const { token, certificate } = enrolledOf(text);
  if (certificate !== undefined) {
    identity.accept(certificate);
    keepFile(markPath, `${mark}\n`, 0o600);
    return;
  }
  if (token === undefined) throw new AgentSetupError('the answer to the enrolment has no token');
  makeFolder(options.data);
  keepFile(join(options.data, TOKEN_FILE), `${token}\n`, 0o600);
}

function enrolledOf(text: string): z.output<typeof enrolledSchema> {
  try {
    return enrolledSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AgentSetupError('the answer to the enrolment is none', { cause });
  }
}

/** Notes that the agent runs; true where the run before did not end in good order. */
export function markRunning(dataDir: string): boolean {
  const path = join(dataDir, RUNNING_FILE);
  const crashed = existsSync(path);
  makeFolder(dataDir);
  writeFileSync(path, '');
  return crashed;
}

export function markStopped(dataDir: string): void {
  rmSync(join(dataDir, RUNNING_FILE), { force: true });
}
