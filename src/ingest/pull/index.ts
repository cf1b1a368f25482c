export { parseTargetFile, TargetFileError } from './discovery/target-file.ts';
export { ScrapeError } from './errors.ts';
export type { ScrapeRequest, ScrapeTransport, TransportFactory } from './http/transport.ts';
export { LocalPool } from './local-pool.ts';
export type { LocalTarget, LocalTargetOptions, OpenedTargets } from './local-targets.ts';
export { openLocalTargets } from './local-targets.ts';
export type { NamedMetadata } from './loop/family-metadata.ts';
export type { Counter, Gauge, Histogram, PullMetrics } from './metrics.ts';
export { silentPullMetrics } from './metrics.ts';
export type {
  ConfigIssue,
  GlobalScrapeYaml,
  ResolvedScrapeConfigs,
  ScrapeConfig,
  ScrapeConfigYaml,
} from './options.ts';
export {
  globalScrapeSchema,
  globalScrapeShape,
  resolveScrapeConfigs,
  scrapeConfigSchema,
  scrapeConfigShape,
  unsupportedPullKeys,
} from './options.ts';
export type { ActiveTarget, DroppedTarget, TargetStatus } from './pool/target-status.ts';
export type { PullManagerOptions, TargetMetadata } from './pull-manager.ts';
export { PullManager } from './pull-manager.ts';
export type { PullSources } from './sources.ts';
export type { ScrapeTarget } from './target/scrape-target.ts';
// What stands in for a store where scraped samples go elsewhere.
export type { Appender, CommitResult } from '../../storage/api.ts';
export { OUTCOME_COUNT, SampleBatch, SampleOutcome } from '../../storage/api.ts';
