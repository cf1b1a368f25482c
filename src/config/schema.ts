import { z } from 'zod';
import { hostMetricsOptionsSchema } from '../agent/index.ts';
import { apiOptionsSchema, tlsOptionsSchema } from '../api/index.ts';
import {
  agentsOptionsSchema,
  globalScrapeShape,
  pushOptionsSchema,
  scrapeConfigSchema,
  unsupportedPullKeys,
} from '../ingest/index.ts';
import { parseDuration, parseSize } from '../model/index.ts';
import { queryOptionsSchema } from '../query/index.ts';
import { sourcesOptionsSchema } from '../sources/index.ts';
import { storageOptionsSchema } from '../storage/index.ts';
import { fileSchema } from './file-form.ts';
import type { UnsupportedKeys } from './validate.ts';

/** The sections under `tidegauge`, each with the options of the component it sets. */
export const sections = {
  web: apiOptionsSchema,
  tls: tlsOptionsSchema,
  storage: storageOptionsSchema,
  push: pushOptionsSchema,
  sources: sourcesOptionsSchema,
  agents: agentsOptionsSchema,
  query: queryOptionsSchema,
  host_metrics: hostMetricsOptionsSchema,
} as const;

const tidegaugeSchema = z
  .strictObject({
    web: fileSchema(sections.web).prefault({}),
    tls: fileSchema(sections.tls).prefault({}),
    storage: fileSchema(sections.storage).prefault({}),
    push: fileSchema(sections.push).prefault({}),
    sources: fileSchema(sections.sources).prefault({}),
    agents: fileSchema(sections.agents).prefault({}),
    query: fileSchema(sections.query).prefault({}),
    host_metrics: fileSchema(sections.host_metrics).prefault({}),
  })
  .prefault({});

const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const durationMs = parseDuration(String(value));
  if (durationMs !== undefined) return durationMs;
  const message = `not a valid duration string: ${JSON.stringify(value)}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const size = z.string().transform((value, context) => {
  const sizeBytes = parseSize(value);
  if (sizeBytes !== undefined) return sizeBytes;
  const message = `not a valid size: ${JSON.stringify(value)}, want such as 512MB`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** A key that Prometheus has and that may stand in the file as long as it asks for nothing. */
function unusedOnly(what: string, isUnused: (value: unknown) => boolean = isEmpty) {
  return z
    .unknown()
    .superRefine((value, context) => {
      if (isUnused(value)) return;
      const message = `${what} not supported yet`;
      context.addIssue({ code: 'custom', message, params: { unsupported: true } });
    })
    .optional();
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

/** Alertmanagers without any target, as in the file that Prometheus ships. */
const noAlertmanagers = z.strictObject({
  alertmanagers: z
    .array(
      z.strictObject({
        static_configs: z.array(z.strictObject({ targets: z.array(z.unknown()).max(0).nullish() })),
      }),
    )
    .nullish(),
});

const labelText = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const globalSchema = z.strictObject({
  ...globalScrapeShape,
  evaluation_interval: duration
    .nullish()
    .describe('Time between two evaluations of rules; there are none yet.'),
  external_labels: z
    .record(z.string(), labelText)
    .nullish()
    .describe('Labels added to what leaves this server; they do not change what is stored.'),
});

const storageSchema = z.strictObject({
  tsdb: z
    .strictObject({
      out_of_order_time_window: duration
        .nullish()
        .describe('How much older than the newest of its series a sample may be.'),
      retention: z
        .strictObject({
          time: duration.nullish().describe('Age at which samples are dropped.'),
          size: size
            .nullish()
            .describe('Size of the blocks of old samples above which the oldest go.'),
        })
        .nullish()
        .describe('How long samples are kept.'),
    })
    .nullish()
    .describe("Prometheus's names for settings of the store."),
  exemplars: z
    .strictObject({
      max_exemplars: z.int().min(0).nullish().describe('Most exemplars held.'),
    })
    .nullish()
    .describe('How many exemplars are held.'),
});

/** The configuration file: Prometheus's, with our own settings under `tidegauge`. */
export const configSchema = z.strictObject({
  global: globalSchema.nullish().transform((value) => value ?? {}),
  scrape_configs: z.array(scrapeConfigSchema).nullish(),
  scrape_config_files: z
    .array(z.string())
    .nullish()
    .describe('Files with further `scrape_configs`; globs, relative to this file.'),
  storage: storageSchema.nullish(),
  rule_files: unusedOnly('rule files are'),
  alerting: unusedOnly(
    'alerting is',
    (value) => isEmpty(value) || noAlertmanagers.safeParse(value).success,
  ),
  remote_write: unusedOnly('remote write to other servers is'),
  remote_read: unusedOnly('remote read from other servers is'),
  tidegauge: tidegaugeSchema,
});

export type ConfigFile = z.output<typeof configSchema>;

/** A file that `scrape_config_files` names. */
export const scrapeConfigFileSchema = z.strictObject({
  scrape_configs: z.array(scrapeConfigSchema).nullish(),
});

export const unsupportedKeys: UnsupportedKeys = new Map([
  ...unsupportedPullKeys,
  ['', ['tracing', 'otlp', 'runtime']],
  [
    'global',
    [...(unsupportedPullKeys.get('global') ?? []), ...['query_log_file', 'rule_query_offset']],
  ],
  ['storage.tsdb', ['chunk_encoding', 'stale_series_compaction_threshold']],
  ['storage.tsdb.retention', ['percentage']],
]);
