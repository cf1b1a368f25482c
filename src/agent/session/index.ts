export type {
  AgentCondition,
  AgentIntroduction,
  RetainedFrames,
  SessionOptions,
  SessionPhase,
} from './session-options.ts';
export { SessionMachine as AgentSessionMachine } from './session-machine.ts';
export type { AgentMessage, AgentOutput } from './session-output.ts';
