import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Appender } from '../../ingest/pull/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';

/** What one push came to. */
export interface PushOutcome {
  readonly statusCode: number;
  readonly samplesStored: number;
  /** Size of the body as sent. */
  readonly bodyBytes: number;
}

/** Where pushes are counted. */
export interface PushTally {
  request(protocol: string, outcome: PushOutcome): void;
  /** Samples of a push that was taken otherwise. */
  rejected(protocol: string, reason: string, samples: number): void;
}

/** What stands in for a store. */
export interface PushStore {
  appender(): Appender;
  /** What appenders put, by key, of those that begin so. */
  state(keyPrefix: string): ReadonlyMap<string, Uint8Array>;
}

export interface PushProtocolsSetup {
  readonly store: PushStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PushTally;
  readonly version: string;
  readonly maxBodyBytes: number;
  readonly maxInFlightBytes: number;
  readonly bodyTimeoutMs: number;
  readonly retryAfterSeconds: number;
  readonly resampleMs: number;
}

/**
 * The protocols by which a collector takes pushes, over any store. The agent may not know them
 * (layers): whoever puts it together has them.
 */
export interface PushProtocols {
  /** Answers the request; undefined where its path is that of no push, and nothing was done. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined;
  /** Takes up what the store holds of groups, and samples it from then on. */
  start(): Promise<void>;
  /** Stops sampling, and waits for changes under way. */
  close(): Promise<void>;
}

export type OpenPushProtocols = (setup: PushProtocolsSetup) => PushProtocols;
