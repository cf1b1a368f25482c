import type {
  Audit,
  ControlMessage,
  Lease,
  Policy,
  RangeData,
  Read,
  Rejection,
  Sealed,
  Stream,
  Welcome,
} from '../../formats/tide/index.ts';

/** What an agent sends: sealed frames, repair of them, and messages. */
export type AgentMessage = ControlMessage | RangeData | Sealed;

/** What the shell around an agent's session has to do, in order. */
export type AgentOutput =
  | { readonly kind: 'SEND'; readonly message: AgentMessage }
  /** Read this from the ring and give it to `ringRead`. */
  | {
      readonly kind: 'READ_RING';
      readonly requestId: number;
      readonly epoch: number;
      readonly stream: Stream;
      readonly seq: number;
    }
  | { readonly kind: 'WELCOMED'; readonly welcome: Welcome }
  | { readonly kind: 'POLICY'; readonly policy: Policy }
  /** Nothing fresh waits for credit any more. */
  | { readonly kind: 'UNBLOCKED' }
  /** What the collector will never store. */
  | { readonly kind: 'REJECTED'; readonly rejections: readonly Rejection[] }
  | { readonly kind: 'CERTIFICATE'; readonly certificatePem: string }
  /** Questions and leases, answered by others through `send`. */
  | { readonly kind: 'REQUEST'; readonly request: Read | Lease | Audit }
  /**
   * Close the connection. `retryAfterMs` undefined: never again with this identity and epoch.
   */
  | { readonly kind: 'CLOSE'; readonly reason: string; readonly retryAfterMs: number | undefined };
