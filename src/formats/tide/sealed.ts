import type { PayloadCodec, Stream } from './frame-header.ts';

/** What names a sealed batch or schema for ever, within an agent. */
export interface SealedKey {
  readonly epoch: number;
  readonly stream: Stream;
  readonly seq: number;
}

/** Sequence numbers, both ends included. Lists of them ascend, do not overlap and do not touch. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

export type SealedType = 'SCHEMA' | 'BATCH';

/** A sealed payload as it stands in the ring: sent again without being touched. */
export interface Sealed extends SealedKey {
  readonly type: SealedType;
  readonly codec: PayloadCodec;
  readonly payload: Uint8Array;
}
