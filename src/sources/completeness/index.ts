export { agentCompleteness, ratio, sealedCounts } from './agent-completeness.ts';
