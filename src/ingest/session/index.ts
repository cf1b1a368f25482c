export type { AuditOptions, AuditOutcome, DigestQuestion, StoreDigest } from './audit-rounds.ts';
export { AUDIT_OUTCOMES } from './audit-rounds.ts';
export type { StoredRange } from './repair-rounds.ts';
export type { SessionMachineOptions } from './session-machine.ts';
export { SessionMachine as CollectorSessionMachine } from './session-machine.ts';
export type {
  AgentMessage,
  AppliedFrame,
  ApplyResult,
  ReceivedMessage,
  SealedContent,
  SessionOutput,
  StateChange,
} from './session-output.ts';
export { policyStateOf } from './policy/policy-book.ts';
export type { AgentConnection, Principal } from './agent-connection.ts';
export type { LeaseWish, ReadSeries } from './agent-questions.ts';
export type { AgentRequestFailure, ReadQuestion, ReadResult } from './agent-requests.ts';
export { AgentRequestError } from './agent-requests.ts';
export type { AgentSessions } from './agents.ts';
export { createAgentSessions } from './agents.ts';
export type { Credentials, JoinTokenInfo, Revocation } from './identity/index.ts';
export {
  Authority,
  AuthorityError,
  IdentityError,
  readTokenLines,
  TokenFileError,
  tokenHash,
} from './identity/index.ts';
export type { AgentsOptions } from './options.ts';
export { agentsOptionsSchema } from './options.ts';
export type { ReadableAgents } from './scrape-through.ts';
export { scrapeThrough } from './scrape-through.ts';
export type { SessionMetrics } from './session-metrics.ts';
export { noSessionMetrics } from './session-metrics.ts';
export type { AgentProblem } from './agent-problems.ts';
export type { AgentEntry } from './agent-entry.ts';
export { SessionServer } from './session-server.ts';
