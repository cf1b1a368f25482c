export type { AgentCompleteness, OpenGap } from './agent-completeness.ts';
export { agentCompleteness, ratio, sealedCounts } from './agent-completeness.ts';
export type { TickGap, TickWindow } from './tick-window.ts';
