/** The options of pull: schemas by Prometheus's key names, and what they resolve to. */
export { resolveScrapeConfigs } from './config/resolve-scrape.ts';
export type { ScrapeConfig } from './config/scrape-config.ts';
export type { ScrapeConfigYaml } from './config/scrape-options.ts';
export {
  globalScrapeSchema,
  globalScrapeShape,
  scrapeConfigSchema,
} from './config/scrape-options.ts';
export { fingerprint } from './config/secret.ts';
export { unsupportedPullKeys } from './config/unsupported-keys.ts';
