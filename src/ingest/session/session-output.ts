import type {
  BatchHead,
  Bye,
  ControlMessage,
  FenceReason,
  Hello,
  RangeData,
  RejectReason,
  SchemaChange,
  Sealed,
} from '../../formats/tide/index.ts';
import type { AuditOutcome, DigestQuestion } from './audit-rounds.ts';

/** What an agent sends, decoded as far as the session needs it. */
export type AgentMessage = ControlMessage | RangeData | Sealed;

/** A message with the epoch of its frame's header. */
export interface ReceivedMessage {
  readonly epoch: number;
  readonly message: AgentMessage;
}

/** What a sealed frame holds. `body` is the decoder's own, handed on to whoever applies it. */
export type SealedContent<Body> =
  | { readonly kind: 'BATCH'; readonly head: BatchHead; readonly body: Body }
  | { readonly kind: 'SCHEMA'; readonly change: SchemaChange };

/** A sealed frame to be stored. */
export interface AppliedFrame<Body> {
  readonly sealed: Sealed;
  readonly content: SealedContent<Body>;
  /** It came by repair: it may be older than what is stored, and says nothing of `up`. */
  readonly byRepair: boolean;
  /** It was stored before and is pulled again: what is there stays, what is not is added. */
  readonly again: boolean;
}

/** State to be written with the samples it speaks of. */
export interface StateChange {
  readonly key: string;
  /** Undefined removes it. */
  readonly value: Uint8Array | undefined;
}

/** What the shell around the collector's sessions has to do, in order. */
export type SessionOutput<Body> =
  | {
      readonly kind: 'SEND';
      readonly connection: number;
      /** For the header. */
      readonly epoch: number;
      readonly message: ControlMessage;
    }
  | { readonly kind: 'CLOSE'; readonly connection: number; readonly reason: string }
  /**
   * Store these frames and these states in one record, then tell `applied` with the same token.
   */
  | {
      readonly kind: 'APPLY';
      readonly agentId: string;
      readonly token: number;
      readonly frames: readonly AppliedFrame<Body>[];
      readonly states: readonly StateChange[];
      /** When the last of the frames came in. */
      readonly receivedMs: number;
    }
  /**
   * State that changed without samples, all of it or nothing; loss of it costs work only, never
   * truth. With a token somebody waits: tell `persisted` when it is safe from a crash, or could not
   * be written.
   */
  | {
      readonly kind: 'PERSIST';
      readonly agentId: string;
      readonly states: readonly StateChange[];
      readonly token: number | undefined;
    }
  /** What is known now of the agent: 1 while it is heard of in time. */
  | { readonly kind: 'UP'; readonly agentId: string; readonly up: 0 | 1; readonly atMs: number }
  | { readonly kind: 'HELLO'; readonly agentId: string; readonly hello: Hello }
  | { readonly kind: 'BYE'; readonly agentId: string; readonly bye: Bye }
  /** Answers to READ, LEASE and AUDIT, for those who asked. */
  | { readonly kind: 'ANSWER'; readonly agentId: string; readonly message: ControlMessage }
  /** Ask the store, and give its answer to `digested`. */
  | { readonly kind: 'DIGEST'; readonly question: DigestQuestion }
  /** Epochs of which only sums are kept from now on. */
  | { readonly kind: 'FOLDED'; readonly agentId: string; readonly epochs: readonly number[] }
  | { readonly kind: 'AUDITED'; readonly agentId: string; readonly outcome: AuditOutcome }
  /** A frame that was missing since `sinceMs` is stored. */
  | { readonly kind: 'REPAIRED'; readonly sinceMs: number; readonly atMs: number }
  /** A frame will never be stored; `fault` is what is wrong with it. */
  | {
      readonly kind: 'REJECTED';
      readonly agentId: string;
      readonly reason: RejectReason;
      readonly fault: string;
    }
  /** Refused for what it is: to be counted, and shown where somebody looks. */
  | { readonly kind: 'ALARM'; readonly agentId: string; readonly reason: FenceReason };

/** What became of frames that were to be stored. */
export interface ApplyResult {
  /** False: nothing of them is stored; they will be pulled again. */
  readonly stored: boolean;
  /** Samples that the store refused, by index of the frame, then by group. */
  readonly rejected?: ReadonlyMap<number, ReadonlyMap<number, number>>;
  /** The same samples by index of the frame, then by why. */
  readonly refused?: ReadonlyMap<number, ReadonlyMap<RejectReason, number>>;
}
