import type { Certificate, Fence } from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import type { AgentDirectory } from './agent-directory.ts';
import type { Attached } from './attached-connections.ts';
import type { Credentials } from './identity/index.ts';
import type { AgentsOptions } from './options.ts';

/** Why a connection is ended from here. */
export type Refusal = Partial<Fence> & Pick<Fence, 'message'>;

export interface AgentAdmissionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: AgentsOptions;
  /** Who is revoked, and who renews certificates; without it nobody and none. */
  readonly identity?: Pick<Credentials, 'revocations' | 'certify'>;
}

const AGENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Who may have a session, for how long, and on which certificate. */
export class AgentAdmission {
  readonly #deps: AgentAdmissionOptions;
  readonly #agents: AgentDirectory;

  constructor(deps: AgentAdmissionOptions, agents: AgentDirectory) {
    this.#deps = deps;
    this.#agents = agents;
  }

  /** What forbids this agent on this connection. */
  refusalOf({ principal }: Attached, agentId: string): Refusal | undefined {
    if (!AGENT_ID.test(agentId)) {
      const message = `agent id ${JSON.stringify(agentId.slice(0, 64))}, wanted ${AGENT_ID.source}`;
      return { reason: 'PROTOCOL', message };
    }
    if (principal.agentId !== undefined && principal.agentId !== agentId) {
      const message = `the credentials are those of ${principal.agentId}, not of ${agentId}`;
      return { reason: 'REVOKED', message };
    }
    const fault = this.#deps.identity?.revocations.faultOf(agentId);
    if (fault !== undefined) return { reason: 'REVOKED', message: fault };
    const { max_sessions: most } = this.#deps.options;
    if (this.#agents.has(agentId) || this.#agents.size < most) return undefined;
    const message = `${this.#agents.size} agents are known, wanted at most ${most}`;
    return { reason: 'LIMIT', message, retryAfterMs: 60_000 };
  }

  revocationOf(agentId: string): Refusal {
    const message = this.#deps.identity?.revocations.faultOf(agentId) ?? 'the agent was revoked';
    return { reason: 'REVOKED', message };
  }

  /** A session lives no longer than the certificate under it, or the one that renewed it. */
  expiryOf({ principal }: Attached): Refusal | undefined {
    if (this.#deps.clock.now() <= (principal.expiresMs ?? Infinity)) return undefined;
    const retryAfterMs = this.#deps.options.reconnect_spread_ms;
    return { reason: 'REVOKED', message: 'the certificate expired', retryAfterMs };
  }

  /** Renews the certificate that a connection rests on; undefined where it does not. */
  certify(attached: Attached, request: Uint8Array): Certificate | undefined {
    const { identity, clock, logger } = this.#deps;
    const { agentId, principal } = attached;
    // Only what was shown by a certificate is continued by one.
    if (agentId === undefined || principal.expiresMs === undefined || !identity) return undefined;
    try {
      const issued = identity.certify({ agentId, labels: principal.labels }, request);
      attached.principal = { ...principal, expiresMs: issued.expiresMs };
      const { certificatePem, authorityPem } = issued;
      const lifetimeMs = issued.expiresMs - clock.now();
      logger.info({ agentId, lifetimeMs }, 'a certificate was renewed');
      return { type: 'CERTIFICATE', certificatePem, authorityPem };
    } catch (error) {
      logger.warn({ agentId, err: messageOf(error) }, 'a certificate was not renewed');
      return undefined;
    }
  }
}
