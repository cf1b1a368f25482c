export type { LossCounts } from './agent-completeness.ts';
export {
  agentCompleteness,
  lossCounts,
  openGaps,
  ratio,
  sealedCounts,
  tickWindow,
} from './agent-completeness.ts';
