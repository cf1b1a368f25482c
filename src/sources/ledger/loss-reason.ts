/**
 * Why data will never come. EVICTED: older than what the agent retains. DAMAGED: the agent's disk
 * could not give it back. NEVER_SEALED: the agent knows no such number. CRASH: sealed, but neither
 * sent nor synced when the process died.
 */
export const LOSS_REASONS = ['EVICTED', 'DAMAGED', 'NEVER_SEALED', 'CRASH'] as const;
export type LossReason = (typeof LOSS_REASONS)[number];
