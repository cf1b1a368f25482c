export { IngestKernel } from './kernel/index.ts';
export type {
  PullManagerOptions,
  PullMetrics,
  ScrapeConfig,
  ScrapeConfigYaml,
  TargetMetadata,
  TargetStatus,
} from './pull/index.ts';
export {
  globalScrapeShape,
  parseTargetFile,
  PullManager,
  resolveScrapeConfigs,
  scrapeConfigSchema,
  silentPullMetrics,
  TargetFileError,
  unsupportedPullKeys,
} from './pull/index.ts';
export type { PushDependencies, PushHandlers, PushMetrics } from './push/index.ts';
export { createPushHandlers, noPushMetrics, pushOptionsSchema } from './push/index.ts';
export type {
  AppliedFrame,
  ApplyResult,
  AuditOptions,
  AuditOutcome,
  DigestQuestion,
  ReceivedMessage,
  SealedContent,
  SessionMachineOptions,
  SessionOutput,
  StateChange,
  StoreDigest,
  StoredRange,
} from './session/index.ts';
export type {
  AgentEntry,
  AgentProblem,
  LeaseWish,
  Credentials,
  JoinTokenInfo,
  AgentRequestFailure,
  AgentSessions,
  AgentsOptions,
  ReadQuestion,
  ReadResult,
  ReadSeries,
  SessionMetrics,
  SessionServer,
} from './session/index.ts';
export {
  AgentRequestError,
  agentsOptionsSchema,
  AUDIT_OUTCOMES,
  Authority,
  AuthorityError,
  IdentityError,
  CollectorSessionMachine,
  createAgentSessions,
  policyStateOf,
  readTokenLines,
  scrapeThrough,
  TokenFileError,
  tokenHash,
} from './session/index.ts';
