export type { HostAgentDependencies, SendWrite } from './host/host-agent.ts';
export { HostAgent } from './host/host-agent.ts';
export type { HostMetricsOptions } from './options.ts';
export { hostMetricsOptionsSchema } from './options.ts';
export { remoteWriteSender, WriteRefusedError } from './remote-write-sender.ts';
