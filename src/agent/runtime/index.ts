// The agent without its sources: what programs other than `tidegauge agent` are built on.
export { connector } from '../connection/connector.ts';
export { reconnectMaxMs } from '../connection/reconnect.ts';
export type { Connect, TransportEvents } from '../connection/transport.ts';
export { disklessEpoch } from '../epoch.ts';
export { AgentRing, DEFAULT_RING_OPTIONS } from '../ring/agent-ring.ts';
export type { GroupSource, Reading, SeriesNamer } from '../sampling/group-source.ts';
export { uncarriedProblem } from '../sampling/series-bounds.ts';
export type { AgentRuntimeOptions, GroupSetup, RuntimeStatus } from './runtime-options.ts';
export { AgentRuntime } from './agent-runtime.ts';
