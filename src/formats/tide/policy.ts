import type { Hash64, PriorityClass } from './schema-change.ts';

export type SamplingMode = 'SAMPLE' | 'ON_CHANGE' | 'TARGET_DEFINED';
export type ToleranceKind = 'ABSOLUTE' | 'RELATIVE' | 'QUANTUM';

export interface Tolerance {
  /** From 1 on. */
  readonly id: number;
  readonly kind: ToleranceKind;
  readonly value: number;
}

export interface GroupPolicy {
  readonly group: number;
  readonly name: string;
  /** Selector of series or name of a local target; the agent may narrow it, never widen. */
  readonly selector: string;
  readonly intervalMs: number;
  /** Time of tick 0. */
  readonly anchorMs: number;
  readonly mode: SamplingMode;
  /** 0: none. */
  readonly toleranceId: number;
  readonly priority: PriorityClass;
  /** Ticks in one batch. */
  readonly batchTicks: number;
  /** Every this many ticks all series are sent; 0 where nothing is suppressed. */
  readonly syncTicks: number;
  /** Least time between two pushes of a series on change. */
  readonly dampeningMs: number;
}

export interface Policy {
  readonly version: number;
  readonly groups: readonly GroupPolicy[];
  readonly tolerances: readonly Tolerance[];
  /** Classes in the order in which they are shed. */
  readonly shedOrder: readonly PriorityClass[];
  readonly hash: Hash64;
}

export interface PolicyFrame {
  readonly type: 'POLICY';
  readonly policy: Policy;
}
