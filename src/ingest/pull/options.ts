/** The options of pull: schemas by Prometheus's key names, and what they resolve to. */
export type { ConfigIssue, ResolvedScrapeConfigs } from './config/resolve-scrape.ts';
export { resolveScrapeConfigs } from './config/resolve-scrape.ts';
export type {
  Authorization,
  BasicAuth,
  FileSdConfig,
  HttpClientConfig,
  HttpHeader,
  ScrapeConfig,
  TargetGroupConfig,
  TextOrFile,
  TlsConfig,
  TlsVersion,
} from './config/scrape-config.ts';
export type {
  GlobalScrapeYaml,
  NameEscaping,
  ScrapeConfigYaml,
  ScrapeProtocol,
} from './config/scrape-options.ts';
export {
  globalScrapeSchema,
  globalScrapeShape,
  SCRAPE_PROTOCOLS,
  scrapeConfigSchema,
  scrapeConfigShape,
  targetGroupShape,
} from './config/scrape-options.ts';
export { fingerprint, Secret } from './config/secret.ts';
export { unsupportedPullKeys } from './config/unsupported-keys.ts';
