export type { Agent, AgentEnvironment, SyntheticLoad } from './agent.ts';
export { startAgent } from './agent.ts';
export type { AgentOptions } from './agent-options.ts';
export { agentOptionsSchema } from './agent-options.ts';
export type { CollectorRequest } from './connection/http-request.ts';
export { postToCollector } from './connection/http-request.ts';
export { tlsFaultOf } from './connection/tls-client.ts';
export { checkToken } from './connection/transport.ts';
export { AgentSetupError, CollectorRefusedError } from './errors.ts';
export { readToken } from './identity.ts';
export type { OpenPushProtocols } from './receivers/push-protocols.ts';
export { syntheticParts, syntheticValue } from './sampling/synthetic-source.ts';
export type { OneShot, OneShotOptions, OneShotResult } from './one-shot.ts';
export { sendOneShot } from './one-shot.ts';
export type { AgentEpoch, EpochEnvironment } from './epoch.ts';
export { beginEpoch, disklessEpoch, EpochFileError } from './epoch.ts';
export type { LadderOptions, LadderStep } from './flow/degradation-ladder.ts';
export { DegradationLadder, LADDER } from './flow/degradation-ladder.ts';
export type { HostAgentDependencies, SendWrite } from './host/host-agent.ts';
export { HostAgent } from './host/host-agent.ts';
export type { HostMetricsOptions } from './options.ts';
export { hostMetricsOptionsSchema } from './options.ts';
export { remoteWriteSender, WriteRefusedError } from './remote-write-sender.ts';
export type {
  RingFileSystem,
  RingOptions,
  RingReadableFile,
  RingWritableFile,
} from './ring/index.ts';
export { AgentRing, DEFAULT_RING_OPTIONS } from './ring/index.ts';
export type {
  AgentCondition,
  AgentIntroduction,
  AgentMessage,
  AgentOutput,
  RetainedFrames,
  SessionOptions,
  SessionPhase,
} from './session/index.ts';
export { AgentSessionMachine } from './session/index.ts';
