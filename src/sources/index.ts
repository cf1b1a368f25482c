export type { CreditOptions } from './credit/index.ts';
export { CreditController, DEFAULT_CREDIT_OPTIONS, SessionCredit } from './credit/index.ts';
export type {
  EpochExtent,
  EpochState,
  Gap,
  GridEnd,
  LossReason,
  Receipt,
  SealedCounts,
  SequenceState,
  SettledBatch,
  Terms,
  TickAccount,
  TickGrid,
  TickState,
} from './ledger/index.ts';
export {
  addTerms,
  AgentLedger,
  EpochLedger,
  GroupLedger,
  imbalance,
  LaneLedger,
  LEDGER_STATE_PREFIX,
  noSealed,
  noTerms,
} from './ledger/index.ts';
export type { SourcesOptions } from './options.ts';
export { sourcesOptionsSchema } from './options.ts';
export type { SourceRegistryOptions } from './registry.ts';
export { pushSourceId, SourceRegistry } from './registry.ts';
export type {
  Source,
  SourceContact,
  SourceDescription,
  SourceKind,
  SourceState,
} from './source.ts';
export type { RepairGap, RepairOptions, RepairRequest } from './repair/index.ts';
export { DEFAULT_REPAIR_OPTIONS, RepairScheduler, TokenBucket } from './repair/index.ts';
export type {
  AgentCompleteness,
  OpenGap,
  TickGap,
  TickWindow,
} from './completeness/index.ts';
export { agentCompleteness, ratio, sealedCounts } from './completeness/index.ts';
