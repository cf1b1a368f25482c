import type { EscapingScheme } from '../../../formats/exposition/index.ts';
import { EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN } from '../../../model/index.ts';
import { checkRelabel, type RelabelYaml, resolveRelabel } from '../../relabel/index.ts';
import { joinPath, resolveHttpClient } from './resolve-http.ts';
import type {
  FileSdConfig,
  HistogramConfig,
  ScrapeConfig,
  TargetGroupConfig,
} from './scrape-config.ts';
import type { GlobalScrapeYaml, ScrapeConfigYaml } from './scrape-options.ts';
import { SCRAPE_PROTOCOLS, TEXT_SCRAPE_PROTOCOLS } from './scrape-options.ts';

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_REFRESH_INTERVAL_MS = 300_000;

/** Keys of the HTTP client, which READ has no place for. */
const HTTP_ONLY_KEYS = [
  ...(['basic_auth', 'authorization', 'bearer_token', 'bearer_token_file'] as const),
  ...(['tls_config', 'http_headers', 'follow_redirects'] as const),
];

/** Something wrong at a place in the configuration: keys and indexes from its root. */
export interface ConfigIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface ResolvedScrapeConfigs {
  readonly configs: readonly ScrapeConfig[];
  /** Empty where all is well; else the configurations must not be used. */
  readonly issues: readonly ConfigIssue[];
}

/**
 * Fills in what each scrape configuration takes from `global` and from the defaults, and checks
 * what concerns several keys or several configurations.
 *
 * @param directory that relative paths start from: the one of the configuration file.
 */
export function resolveScrapeConfigs(
  global: GlobalScrapeYaml,
  scrapeConfigs: readonly ScrapeConfigYaml[],
  directory: string,
): ResolvedScrapeConfigs {
  const issues: ConfigIssue[] = globalIssues(global);
  const seen = new Set<string>();
  const configs = scrapeConfigs.map((yaml, index) => {
    const config = resolveScrapeConfig(global, yaml, directory);
    const add = (path: readonly (string | number)[], message: string): void => {
      issues.push({ path: ['scrape_configs', index, ...path], message });
    };
    if (seen.has(config.jobName)) {
      const name = JSON.stringify(config.jobName);
      add(['job_name'], `found multiple scrape configs with job name ${name}`);
    }
    seen.add(config.jobName);
    checkScrapeConfig(config, yaml, add);
    return config;
  });
  return { configs, issues };
}

function globalIssues(global: GlobalScrapeYaml): ConfigIssue[] {
  const intervalMs = orDefault(global.scrape_interval, DEFAULT_INTERVAL_MS);
  if ((global.scrape_timeout ?? 0) <= intervalMs) return [];
  const message = 'global scrape timeout greater than scrape interval';
  return [{ path: ['global', 'scrape_timeout'], message }];
}

function checkScrapeConfig(
  config: ScrapeConfig,
  yaml: ScrapeConfigYaml,
  add: (path: readonly (string | number)[], message: string) => void,
): void {
  const job = JSON.stringify(config.jobName);
  if (config.scrapeTimeoutMs > config.scrapeIntervalMs) {
    const what = 'scrape timeout greater than scrape interval';
    const message = `${what} for scrape config with job name ${job}`;
    add(['scrape_timeout'], message);
  }
  for (const key of config.http.agentId === undefined ? [] : HTTP_ONLY_KEYS) {
    if (yaml[key] === undefined || yaml[key] === null) continue;
    const why = 'the agent asks the target in its own way';
    add([key], `${key} cannot be used with tidegauge_agent: ${why}`);
  }
  if (config.nameEscaping === 'allow-utf-8' && config.nameValidation !== 'utf8') {
    const message = 'utf8 metric names requested but validation scheme is not set to UTF8';
    add(yaml.metric_name_escaping_scheme ? ['metric_name_escaping_scheme'] : [], message);
  }
  if (config.nameValidation === 'utf8') return;
  const rules: readonly [string, readonly RelabelYaml[]][] = [
    ['relabel_configs', yaml.relabel_configs ?? []],
    ['metric_relabel_configs', yaml.metric_relabel_configs ?? []],
  ];
  for (const [key, list] of rules) {
    for (const [index, rule] of list.entries()) {
      const message = checkRelabel(rule, config.nameValidation);
      if (message !== undefined) add([key, index], message);
    }
  }
}

function resolveScrapeConfig(
  global: GlobalScrapeYaml,
  yaml: ScrapeConfigYaml,
  directory: string,
): ScrapeConfig {
  const globalIntervalMs = orDefault(global.scrape_interval, DEFAULT_INTERVAL_MS);
  const globalTimeoutMs = orDefault(
    global.scrape_timeout,
    Math.min(DEFAULT_TIMEOUT_MS, globalIntervalMs),
  );
  const scrapeIntervalMs = orDefault(yaml.scrape_interval, globalIntervalMs);
  const nameValidation =
    yaml.metric_name_validation_scheme ?? global.metric_name_validation_scheme ?? 'utf8';
  const limit = (own: number | null | undefined, all: number | null | undefined): number =>
    orDefault(own, all ?? 0);
  const histograms = resolveHistograms(global, yaml);
  return {
    jobName: yaml.job_name,
    scrapeIntervalMs,
    scrapeTimeoutMs: orDefault(yaml.scrape_timeout, Math.min(globalTimeoutMs, scrapeIntervalMs)),
    scrapeProtocols:
      yaml.scrape_protocols ??
      global.scrape_protocols ??
      (histograms.native ? SCRAPE_PROTOCOLS : TEXT_SCRAPE_PROTOCOLS),
    fallbackScrapeProtocol: yaml.fallback_scrape_protocol ?? undefined,
    histograms,
    metricsPath: orDefault(yaml.metrics_path, '/metrics'),
    scheme: yaml.scheme ?? 'http',
    params: resolveParams(yaml),
    honorLabels: yaml.honor_labels ?? false,
    honorTimestamps: yaml.honor_timestamps ?? true,
    trackTimestampsStaleness: yaml.track_timestamps_staleness ?? false,
    enableCompression: yaml.enable_compression ?? true,
    bodySizeLimitBytes: limit(yaml.body_size_limit, global.body_size_limit),
    sampleLimit: limit(yaml.sample_limit, global.sample_limit),
    targetLimit: limit(yaml.target_limit, global.target_limit),
    labelLimit: limit(yaml.label_limit, global.label_limit),
    labelNameLengthLimit: limit(yaml.label_name_length_limit, global.label_name_length_limit),
    labelValueLengthLimit: limit(yaml.label_value_length_limit, global.label_value_length_limit),
    keepDroppedTargets: limit(yaml.keep_dropped_targets, global.keep_dropped_targets),
    extraScrapeMetrics: yaml.extra_scrape_metrics ?? global.extra_scrape_metrics ?? false,
    nameValidation,
    nameEscaping: resolveEscaping(global, yaml),
    http: resolveHttpClient(yaml, directory),
    staticConfigs: (yaml.static_configs ?? []).map(resolveTargetGroup),
    fileSdConfigs: resolveFileSd(yaml, directory),
    relabelConfigs: (yaml.relabel_configs ?? []).map((rule) =>
      resolveRelabel(rule, nameValidation),
    ),
    metricRelabelConfigs: (yaml.metric_relabel_configs ?? []).map((rule) =>
      resolveRelabel(rule, nameValidation),
    ),
  };
}

function resolveHistograms(global: GlobalScrapeYaml, yaml: ScrapeConfigYaml): HistogramConfig {
  const isOn = (
    key:
      | 'scrape_native_histograms'
      | 'always_scrape_classic_histograms'
      | 'convert_classic_histograms_to_nhcb',
  ): boolean => yaml[key] ?? global[key] ?? false;
  return {
    native: isOn('scrape_native_histograms'),
    classicToo: isOn('always_scrape_classic_histograms'),
    customBuckets: isOn('convert_classic_histograms_to_nhcb'),
    bucketLimit: yaml.native_histogram_bucket_limit ?? 0,
    maxSchema: maxSchemaOf(yaml.native_histogram_min_bucket_factor ?? 0),
  };
}

/** The finest schema whose bounds grow by `factor` at least; the finest one for 1 and less. */
function maxSchemaOf(factor: number): number {
  if (!(factor > 1)) return EXPONENTIAL_SCHEMA_MAX;
  const schema = -Math.ceil(Math.log2(Math.log2(factor)));
  // Plus 0, as that may be -0.
  return Math.max(EXPONENTIAL_SCHEMA_MIN, Math.min(schema, EXPONENTIAL_SCHEMA_MAX)) + 0;
}

// Without a scheme of its own, names are escaped as the validation scheme that is nearest asks.
function resolveEscaping(global: GlobalScrapeYaml, yaml: ScrapeConfigYaml): EscapingScheme {
  const own = yaml.metric_name_escaping_scheme ?? undefined;
  if (own !== undefined) return own;
  const validation = yaml.metric_name_validation_scheme ?? undefined;
  if (validation !== undefined) return validation === 'legacy' ? 'underscores' : 'allow-utf-8';
  return (
    global.metric_name_escaping_scheme ??
    (global.metric_name_validation_scheme === 'legacy' ? 'underscores' : 'allow-utf-8')
  );
}

function resolveParams(yaml: ScrapeConfigYaml): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(yaml.params ?? {}).map(([name, values]) => [name, values ?? []]),
  );
}

function resolveTargetGroup(group: {
  readonly targets?: readonly string[] | null | undefined;
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
}): TargetGroupConfig {
  return { targets: group.targets ?? [], labels: group.labels ?? {} };
}

function resolveFileSd(yaml: ScrapeConfigYaml, directory: string): readonly FileSdConfig[] {
  return (yaml.file_sd_configs ?? []).map((config) => ({
    files: config.files.map((file) => joinPath(directory, file)),
    refreshIntervalMs: orDefault(config.refresh_interval, DEFAULT_REFRESH_INTERVAL_MS),
  }));
}

/** Prometheus takes a zero, or nothing, for a key that is not set. */
function orDefault<T extends string | number>(value: T | null | undefined, fallback: T): T {
  return value === undefined || value === null || value === 0 || value === '' ? fallback : value;
}
