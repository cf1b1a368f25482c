import type { Storage } from '../../../storage/api.ts';
import type { Clock } from '../../../util/index.ts';
import { IdentityError } from './errors.ts';

const STATE_PREFIX = 'tide-revoked/';
const AGENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

export interface Revocation {
  readonly agentId: string;
  /** What was issued up to then is not accepted any more. */
  readonly revokedMs: number;
  /** Whether the id may be used again, with what is issued from then on. */
  readonly isLifted: boolean;
}

/**
 * Agents whose certificates and tokens are not accepted any more. A certificate says when it was
 * issued, so one time for each agent is the whole list, however often it renewed.
 */
export class Revocations {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #revoked = new Map<string, Revocation>();

  constructor(storage: Storage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
    for (const [key, value] of storage.state(STATE_PREFIX)) {
      const agentId = key.slice(STATE_PREFIX.length);
      const held = JSON.parse(Buffer.from(value).toString()) as Omit<Revocation, 'agentId'>;
      this.#revoked.set(agentId, { agentId, ...held });
    }
  }

  list(): Revocation[] {
    return [...this.#revoked.values()].sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  }

  /** Why an agent may not connect, whatever it has; undefined: it may. */
  faultOf(agentId: string): string | undefined {
    const held = this.#revoked.get(agentId);
    if (held === undefined || held.isLifted) return undefined;
    const since = new Date(held.revokedMs).toISOString();
    const remedy = `tidegauge agents restore ${agentId}`;
    return `agent ${agentId} was revoked at ${since}; an operator may allow it again: ${remedy}`;
  }

  isRevoked(agentId: string, issuedMs: number): boolean {
    return issuedMs <= (this.#revoked.get(agentId)?.revokedMs ?? -Infinity);
  }

  /** Resolves when it is durable. `alsoForget` are keys of states that go with it. */
  async revoke(agentId: string, alsoForget: readonly string[]): Promise<void> {
    if (!AGENT_ID.test(agentId)) {
      const text = `agent id ${JSON.stringify(agentId.slice(0, 64))}, wanted ${AGENT_ID.source}`;
      throw new IdentityError('invalid', text);
    }
    const revocation = { agentId, revokedMs: this.#clock.now(), isLifted: false };
    // In force at once: what cannot be written must not keep an agent in.
    this.#revoked.set(agentId, revocation);
    await this.#write(revocation, alsoForget);
  }

  /** Lets an id be used again, by whoever joins anew. @throws IdentityError */
  async lift(agentId: string): Promise<void> {
    const held = this.#revoked.get(agentId);
    if (held === undefined || held.isLifted) {
      throw new IdentityError('unknown', `agent ${JSON.stringify(agentId)} is not revoked`);
    }
    const lifted = { ...held, isLifted: true };
    await this.#write(lifted, []);
    this.#revoked.set(agentId, lifted);
  }

  #write({ agentId, ...held }: Revocation, alsoForget: readonly string[]): Promise<unknown> {
    const appender = this.#storage.appender();
    appender.putState(`${STATE_PREFIX}${agentId}`, Buffer.from(JSON.stringify(held)));
    for (const key of alsoForget) appender.putState(key, undefined);
    return appender.commit();
  }
}
