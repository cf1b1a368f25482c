export type { LossCounts } from './agent-completeness.ts';
export { agentCompleteness, lossCounts, ratio, sealedCounts } from './agent-completeness.ts';
