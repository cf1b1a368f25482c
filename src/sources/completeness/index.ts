export type { AgentCompleteness, OpenGap, SealedCounts } from './agent-completeness.ts';
export { agentCompleteness, noSealed, ratio, sealedCounts } from './agent-completeness.ts';
export type { TickGap, TickWindow } from './tick-window.ts';
