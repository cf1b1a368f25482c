export type { IngestKernelOptions } from './kernel/index.ts';
export { IngestKernel } from './kernel/index.ts';
export type {
  ActiveTarget,
  ConfigIssue,
  Counter,
  DroppedTarget,
  Gauge,
  GlobalScrapeYaml,
  Histogram,
  NamedMetadata,
  PullManagerOptions,
  PullMetrics,
  PullSources,
  ResolvedScrapeConfigs,
  ScrapeConfig,
  ScrapeConfigYaml,
  TargetMetadata,
  TargetStatus,
} from './pull/index.ts';
export {
  globalScrapeSchema,
  globalScrapeShape,
  parseTargetFile,
  PullManager,
  resolveScrapeConfigs,
  scrapeConfigSchema,
  scrapeConfigShape,
  silentPullMetrics,
  TargetFileError,
  unsupportedPullKeys,
} from './pull/index.ts';
export type { PushDependencies, PushHandlers, PushMetrics, PushOptions } from './push/index.ts';
export { createPushHandlers, noPushMetrics, pushOptionsSchema } from './push/index.ts';
export type { NameValidation, RelabelConfig, RelabelRules, RelabelYaml } from './relabel/index.ts';
export {
  checkRelabel,
  compileRelabel,
  relabelSchema,
  relabelSchemaFor,
  resolveRelabel,
} from './relabel/index.ts';
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
  Credentials,
  JoinTokenInfo,
  AgentRequestFailure,
  AgentSessions,
  AgentsOptions,
  AppliedFacts,
  ReadQuestion,
  ReadResult,
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
