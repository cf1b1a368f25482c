/** The ways to push over HTTP. */
export type PushProtocol = 'remote-write' | 'text' | 'pushgateway' | 'oneshot';

/** Why samples of an accepted request were not stored, or a request was refused whole. */
export type RejectReason =
  | 'conflict'
  | 'out_of_order'
  | 'out_of_bounds'
  | 'unknown_series'
  | 'series_limit'
  | 'invalid_labels'
  | 'invalid_histogram';

/** What one request came to. */
export interface PushRequestOutcome {
  readonly statusCode: number;
  /** Why the whole request was refused, as `errors.ts` names it; '' where it was not. */
  readonly refusal: string;
  readonly samplesStored: number;
  /** Size of the body as sent. */
  readonly bodyBytes: number;
  readonly durationMs: number;
}

/** Where pushes are counted. Called once a request; counters are by protocol. */
export interface PushMetrics {
  request(protocol: PushProtocol, outcome: PushRequestOutcome): void;
  rejected(protocol: PushProtocol, reason: RejectReason, samples: number): void;
}

/** For tests and tools that count nothing. */
export const noPushMetrics: PushMetrics = {
  request() {
    // Nothing is counted.
  },
  rejected() {
    // Nothing is counted.
  },
};
