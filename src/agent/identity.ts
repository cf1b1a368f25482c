import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { AgentOptions } from './agent-options.ts';
import { postToCollector } from './connection/http-request.ts';
import { AgentSetupError } from './errors.ts';

const ID_FILE = 'agent-id';
const TOKEN_FILE = 'token';
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
  mkdirSync(options.data, { recursive: true });
  // Two hosts of the same name must not be one agent.
  const id = `${host}-${randomBytes(4).toString('hex')}`;
  writeFileSync(path, `${id}\n`);
  return id;
}

/**
 * The bearer token, if any: as configured, from its file (read anew, so that it can be changed), or
 * the one that enrolment gave.
 */
export function tokenOf(options: AgentOptions): string | undefined {
  if (options.token !== undefined) return options.token;
  if (options.token_file !== undefined) return readToken(options.token_file);
  const path = join(options.data, TOKEN_FILE);
  return !options.memory_only && existsSync(path) ? readToken(path) : undefined;
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new AgentSetupError(`token file ${path} cannot be read`, { cause });
  }
}

const enrolledSchema = z.object({ token: z.string().min(1) });

/** Changes the join token for one of the agent's own, unless it has one already. */
export async function enroll(
  options: AgentOptions,
  collector: string,
  agentId: string,
  userAgent: string,
): Promise<void> {
  const { join_token: given, join_token_file: file } = options;
  if ((given === undefined && file === undefined) || tokenOf(options) !== undefined) return;
  if (options.memory_only) {
    throw new AgentSetupError('a join token needs a data folder that the new token is kept in');
  }
  const joinToken = given ?? readToken(file as string);
  const text = await postToCollector({
    url: new URL('tide/v1/enroll', collector.endsWith('/') ? collector : `${collector}/`).href,
    body: new TextEncoder().encode(JSON.stringify({ join_token: joinToken, agent_id: agentId })),
    contentType: 'application/json',
    token: undefined,
    timeoutMs: ENROLL_TIMEOUT_MS,
    userAgent,
  });
  const enrolled = enrolledSchema.safeParse(JSON.parse(text));
  if (!enrolled.success) throw new AgentSetupError('the answer to the enrolment has no token');
  mkdirSync(options.data, { recursive: true });
  writeFileSync(join(options.data, TOKEN_FILE), `${enrolled.data.token}\n`, { mode: 0o600 });
}

/** Notes that the agent runs; true where the run before did not end in good order. */
export function markRunning(dataDir: string): boolean {
  const path = join(dataDir, RUNNING_FILE);
  const crashed = existsSync(path);
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(path, '');
  return crashed;
}

export function markStopped(dataDir: string): void {
  rmSync(join(dataDir, RUNNING_FILE), { force: true });
}
