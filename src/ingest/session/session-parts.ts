import type { AgentLedger, SourceRegistry } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import { AgentAdmission } from './agent-admission.ts';
import { AgentDirectory } from './agent-directory.ts';
import { AgentPolicies } from './agent-policies.ts';
import { AgentQuestions } from './agent-questions.ts';
import { AgentRequests } from './agent-requests.ts';
import { AgentWrites } from './agent-writes.ts';
import { AttachedConnections, type OutgoingMessage } from './attached-connections.ts';
import { ClockNotices } from './clock-notices.ts';
import type { ClockReading } from './clock-offset.ts';
import { BatchesInFlight } from './batches-in-flight.ts';
import type { Credentials } from './identity/index.ts';
import { LeaseRequests } from './lease-requests.ts';
import { LifeKeeper } from './life-keeper.ts';
import type { AgentsOptions } from './options.ts';
import { RefusalNotices } from './refusal-notices.ts';
import { RepairHorizon } from './repair-horizon.ts';
import { noSessionMetrics, type SessionMetrics } from './session-metrics.ts';

export interface SessionServerDependencies {
  readonly storage: Storage;
  readonly sources: SourceRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: AgentsOptions;
  readonly metrics?: SessionMetrics;
  /** How much older than the newest of its series the store takes a sample; unknown: any. */
  readonly outOfOrderWindowMs?: number;
  /** Unique among runs of the collector. */
  readonly runId: string;
  /** 0 to below 1. */
  readonly random?: () => number;
  /** Who is revoked, and who renews certificates; without it nobody and none. */
  readonly identity?: Pick<Credentials, 'revocations' | 'certify'>;
}

/** What the parts need of the server that they are parts of. */
export interface SessionPartsHooks {
  readonly ledger: (agentId: string) => AgentLedger | undefined;
  readonly clockOf: (agentId: string) => ClockReading | undefined;
  readonly send: (connection: number, message: OutgoingMessage, epoch: number) => void;
  /** All who had a part in a commit have been told what it came to. */
  readonly committed: () => void;
}

/** What the shell around the session machine is made of. */
export interface SessionParts {
  readonly metrics: SessionMetrics;
  readonly connections: AttachedConnections;
  readonly agents: AgentDirectory;
  readonly inFlight: BatchesInFlight;
  readonly writes: AgentWrites;
  readonly life: LifeKeeper;
  readonly horizon: RepairHorizon;
  readonly refusals: RefusalNotices;
  readonly clocks: ClockNotices;
  readonly requests: AgentRequests;
  readonly policies: AgentPolicies;
  readonly leases: LeaseRequests;
  readonly questions: AgentQuestions;
  readonly admission: AgentAdmission;
}

/** Makes all parts; none of them does anything yet. */
export function createSessionParts(
  deps: SessionServerDependencies,
  { ledger, clockOf, send, committed }: SessionPartsHooks,
): SessionParts {
  const { clock, options, metrics = noSessionMetrics } = deps;
  const agents = new AgentDirectory({ ...deps, ledger });
  const inFlight = new BatchesInFlight(options.max_in_flight_bytes);
  const writes = new AgentWrites({ ...deps, metrics, clockOf, settled: committed });
  const requests = new AgentRequests(clock);
  const leases = new LeaseRequests(clock);
  // Those of the collector before were fewer than one a second.
  const lastLeaseId = Math.floor(clock.now() / 1000) % 2 ** 31;
  return {
    metrics,
    connections: new AttachedConnections(metrics, deps.logger),
    agents,
    inFlight,
    writes,
    life: new LifeKeeper({
      ...deps,
      ledger,
      write: (fill) => writes.add(fill, 'the life of agents was not stored'),
    }),
    horizon: new RepairHorizon({ ...deps, windowMs: deps.outOfOrderWindowMs ?? Infinity }),
    refusals: new RefusalNotices(deps),
    clocks: new ClockNotices(options.clock_skew_warn_ms, deps.logger),
    requests,
    policies: new AgentPolicies(options.policies, { agents, clock, send }),
    leases,
    questions: new AgentQuestions({ agents, inFlight, requests, leases, lastLeaseId, send }),
    admission: new AgentAdmission(deps, agents),
  };
}
