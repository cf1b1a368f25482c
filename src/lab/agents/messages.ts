import type { StrategyName } from '../lab-options.ts';

/** What all agents of one process have in common. */
export interface FleetSetup {
  readonly strategy: StrategyName;
  /** Where agents that dial out find the collector; through the network. */
  readonly collectorUrl: string;
  readonly series: number;
  readonly intervalMs: number;
  readonly seed: number;
}

/** What an agent that is configured anew is to do otherwise. */
export interface AgentChange {
  readonly intervalMs: number;
  /** Whether it has the extra metric, too. */
  readonly hasExtra: boolean;
}

/** What the lab asks of the process of the agents. */
export type FleetRequest =
  | { readonly kind: 'set-up'; readonly setup: FleetSetup }
  | { readonly kind: 'start'; readonly agent: number }
  | { readonly kind: 'replace'; readonly agent: number; readonly change: AgentChange }
  /** Another program on the agents' host begins to show the extra metric. */
  | { readonly kind: 'show-extra' }
  | { readonly kind: 'status' }
  | { readonly kind: 'stop' };

export type NumberedRequest = FleetRequest & { readonly id: number };

export interface StartedAgent {
  /** Wall time at which it began to start. */
  readonly startMs: number;
  /** On which it shows its metrics; 0 where it listens on nothing. */
  readonly port: number;
}

export interface FleetStatus {
  /** Samples that senders gave up, as their buffers were full or their turn had passed. */
  readonly droppedSamples: number;
  /** Largest delay of the process's event loop so far: what the load itself was late by. */
  readonly lateMsMax: number;
  /** Agents that hold a session. */
  readonly sessions: number;
}

export type FleetAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
