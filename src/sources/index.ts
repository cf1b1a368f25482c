export type { CreditOptions } from './credit/index.ts';
export { CreditController, CreditTurns, SessionCredit } from './credit/index.ts';
export type {
  Gap,
  LossReason,
  SealedCounts,
  SettledBatch,
  Terms,
  TickGrid,
} from './ledger/index.ts';
export {
  addTerms,
  AgentLedger,
  EpochLedger,
  GroupLedger,
  imbalance,
  LEDGER_STATE_PREFIX,
  noSealed,
  noTerms,
} from './ledger/index.ts';
export { sourcesOptionsSchema } from './options.ts';
export { pushSourceId, SourceRegistry } from './registry.ts';
export type { Source, SourceContact, SourceDescription } from './source.ts';
export type { RepairGap, RepairOptions, RepairRequest } from './repair/index.ts';
export { RepairScheduler, TokenBucket } from './repair/index.ts';
export type { LossCounts } from './completeness/index.ts';
export {
  agentCompleteness,
  lossCounts,
  openGaps,
  ratio,
  sealedCounts,
  tickWindow,
} from './completeness/index.ts';
