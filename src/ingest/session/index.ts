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
