export { parseTargetFile, TargetFileError } from './discovery/target-file.ts';
export { ScrapeError } from './errors.ts';
export type { ScrapeTransport } from './http/transport.ts';
export { LocalPool } from './local-pool.ts';
export type { LocalTarget } from './local-targets.ts';
export { openLocalTargets } from './local-targets.ts';
export type { PullMetrics } from './metrics.ts';
export { silentPullMetrics } from './metrics.ts';
export type { ScrapeConfig, ScrapeConfigYaml } from './options.ts';
export {
  globalScrapeSchema,
  globalScrapeShape,
  resolveScrapeConfigs,
  scrapeConfigSchema,
  unsupportedPullKeys,
} from './options.ts';
export type { TargetStatus } from './pool/target-status.ts';
export type { PullManagerOptions, TargetMetadata } from './pull-manager.ts';
export { PullManager } from './pull-manager.ts';
// What stands in for a store where scraped samples go elsewhere.
export type { Appender, CommitResult } from '../../storage/api.ts';
export { OUTCOME_COUNT, SampleBatch, SampleOutcome } from '../../storage/api.ts';
