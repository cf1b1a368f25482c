import { z } from 'zod';
import { ESCAPING_SCHEMES, type EscapingScheme } from '../../../formats/exposition/index.ts';
import { isLabelName, isWellFormed, relabelSchemaFor } from '../../relabel/index.ts';
import { httpClientProblems, httpClientShape } from './http-options.ts';
import { checkKeys, count, duration, flag, size, text } from './scalars.ts';

/** In order of preference where native histograms are scraped and no protocols are named. */
export const SCRAPE_PROTOCOLS = [
  'PrometheusProto',
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
] as const;
export type ScrapeProtocol = (typeof SCRAPE_PROTOCOLS)[number];

/** The same where native histograms are not scraped. */
export const TEXT_SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = SCRAPE_PROTOCOLS.slice(1);

const scrapeProtocol = text.transform((value, context): ScrapeProtocol => {
  const known = SCRAPE_PROTOCOLS.find((name) => name === value);
  if (known !== undefined) return known;
  const supported = [...SCRAPE_PROTOCOLS].sort().join(' ');
  const message = `unknown scrape protocol ${value}, supported: [${supported}]`;
  context.addIssue({ code: 'custom', message: `scrape_protocols: ${message}` });
  return z.NEVER;
});

const scrapeProtocols = z.array(scrapeProtocol).superRefine((protocols, context) => {
  const add = (message: string): void => context.addIssue({ code: 'custom', message });
  if (protocols.length === 0) add('scrape_protocols cannot be empty');
  if (new Set(protocols).size < protocols.length) {
    add(`duplicated protocol in scrape_protocols, got [${protocols.join(' ')}]`);
  }
});

const nameValidation = text.transform((value, context) => {
  if (value === 'utf8' || value === 'legacy') return value;
  const message = `unrecognized ValidationScheme: ${JSON.stringify(value)}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const nameEscaping = text.transform((value, context): EscapingScheme => {
  const known = ESCAPING_SCHEMES.find((name) => name === value);
  if (known !== undefined) return known;
  const names = ESCAPING_SCHEMES.map((name) => `'${name}'`).join(', ');
  const got = JSON.stringify(value);
  const message = `unknown name escaping method specified, must be one of ${names}, got ${got}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** Keys that stand in `global` and again, with the same meaning, in each scrape configuration. */
const sharedShape = {
  scrape_interval: duration
    .nullish()
    .describe('Time between two scrapes of a target; 1m unless set.'),
  scrape_timeout: duration
    .nullish()
    .describe('Time that a scrape may take; 10s unless set, and never above the interval.'),
  scrape_protocols: scrapeProtocols
    .nullish()
    .describe(
      `Formats asked for, best first; ${TEXT_SCRAPE_PROTOCOLS.join(', ')} unless set, and ` +
        'PrometheusProto before them where native histograms are scraped.',
    ),
  body_size_limit: size
    .nullish()
    .describe(
      'Largest uncompressed body, in bytes; a larger one fails the scrape; 0 for no limit.',
    ),
  sample_limit: count
    .nullish()
    .describe('Most samples after relabelling; more fail the scrape; 0 for no limit.'),
  target_limit: count
    .nullish()
    .describe('Most targets of a job; with more all its scrapes fail; 0 for no limit.'),
  label_limit: count.nullish().describe('Most labels of a sample; 0 for no limit.'),
  label_name_length_limit: count
    .nullish()
    .describe('Longest label name, in bytes; 0 for no limit.'),
  label_value_length_limit: count
    .nullish()
    .describe('Longest label value, in bytes; 0 for no limit.'),
  keep_dropped_targets: count
    .nullish()
    .describe(
      'Targets dropped by relabelling that are kept for display, each job; 0 for no limit.',
    ),
  metric_name_validation_scheme: nameValidation
    .nullish()
    .describe('Legal metric and label names: utf8 or legacy; utf8 unless set.'),
  metric_name_escaping_scheme: nameEscaping
    .nullish()
    .describe('How targets are asked to write names that are not legal in the classic format.'),
  extra_scrape_metrics: flag
    .nullish()
    .describe('Also write scrape_timeout_seconds, scrape_sample_limit, scrape_body_size_bytes.'),
  scrape_native_histograms: flag
    .nullish()
    .describe('Take native histograms, and ask for protobuf, which has them; false unless set.'),
  always_scrape_classic_histograms: flag
    .nullish()
    .describe('Take the classic form of histograms beside a native one; false unless set.'),
  convert_classic_histograms_to_nhcb: flag
    .nullish()
    .describe('Make native histograms with custom buckets of classic ones; false unless set.'),
};

/** The part of `global` that concerns scraping; other parts add their own keys to it. */
export const globalScrapeShape = sharedShape;
export const globalScrapeSchema = z.strictObject(globalScrapeShape);
export type GlobalScrapeYaml = z.output<typeof globalScrapeSchema>;

function labelNameProblem(name: string): string | undefined {
  if (isLabelName(name, 'utf8')) return undefined;
  return `${JSON.stringify(name)} is not a valid label name`;
}

const labelValue = text.superRefine((value, context) => {
  if (isWellFormed(value)) return;
  const message = `${JSON.stringify(value)} is not a valid label value`;
  context.addIssue({ code: 'custom', message });
});

/** A group of targets, in `static_configs` and in the files of `file_sd_configs`. */
export const targetGroupShape = {
  targets: z.array(text).nullish().describe('Addresses, HOST:PORT.'),
  labels: z
    .record(z.string(), labelValue)
    .superRefine(checkKeys(labelNameProblem))
    .nullish()
    .describe('Labels of all these targets.'),
};

const staticConfigSchema = z.strictObject(targetGroupShape, {
  error: (issue) => (issue.input === null ? 'empty or null section in static_configs' : undefined),
});

/** As Prometheus: at most one `*`, in the last part of the path. */
const FILE_PATTERN = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

const filePattern = text.superRefine((value, context) => {
  if (FILE_PATTERN.test(value)) return;
  const message = `path name ${JSON.stringify(value)} is not valid for file discovery`;
  context.addIssue({ code: 'custom', message });
});

const fileSdSchema = z.strictObject(
  {
    files: z
      .array(filePattern)
      .min(1, 'file service discovery config must contain at least one path name')
      .describe('Files with target groups, YAML or JSON; a `*` in the last part of the path.'),
    refresh_interval: duration
      .nullish()
      .describe('Time between two readings besides the watch; 5m unless set.'),
  },
  {
    error: (issue) =>
      issue.input === null ? 'empty or null section in file_sd_configs' : undefined,
  },
);

function wellFormedProblem(value: string): string | undefined {
  return isWellFormed(value) ? undefined : `${JSON.stringify(value)} is not valid UTF-8`;
}

/** What goes into a URL must have a UTF-8 form. */
const wellFormedText = text.superRefine((value, context) => {
  const message = wellFormedProblem(value);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const jobName = z
  .union([z.string(), z.number(), z.boolean()], {
    error: ({ input }) => (input === undefined || input === null ? 'job_name is empty' : undefined),
  })
  .transform(String)
  .refine((name) => name !== '', 'job_name is empty');

export const scrapeConfigShape = {
  job_name: jobName.describe('Name of the job, the label `job` of its targets; unique.'),
  ...sharedShape,
  fallback_scrape_protocol: scrapeProtocol
    .nullish()
    .describe('Format assumed where a target sends no or an unknown Content-Type.'),
  native_histogram_bucket_limit: count
    .nullish()
    .describe(
      'Most buckets of a native histogram: one with more is made coarser, and the scrape fails ' +
        'where that does not help; 0 for no limit.',
    ),
  native_histogram_min_bucket_factor: z
    .number()
    .nullish()
    .describe(
      'Finer native histograms are made coarser: bounds grow by that at least; 0: as sent.',
    ),
  honor_labels: flag
    .nullish()
    .describe('Keep scraped labels that clash with those of the target; false unless set.'),
  honor_timestamps: flag.nullish().describe('Take the times that targets give; true unless set.'),
  track_timestamps_staleness: flag
    .nullish()
    .describe('Write staleness markers also for series with times of their own; false unless set.'),
  metrics_path: text.nullish().describe('Path that is scraped; /metrics unless set.'),
  scheme: z.enum(['http', 'https']).nullish().describe('http or https; http unless set.'),
  params: z
    .record(z.string(), z.array(wellFormedText).nullish())
    .superRefine(checkKeys(wellFormedProblem))
    .nullish()
    .describe('Query parameters of the URL, each with its values.'),
  enable_compression: flag.nullish().describe('Ask for gzip; true unless set.'),
  tidegauge_agent: text
    .nullish()
    .describe(
      'Id of an agent over whose session the targets are scraped; it must allow their URLs itself.',
    ),
  ...httpClientShape,
  static_configs: z.array(staticConfigSchema).nullish().describe('Groups of fixed targets.'),
  file_sd_configs: z
    .array(fileSdSchema)
    .nullish()
    .describe('Groups of targets read from files, which are watched.'),
  relabel_configs: z
    .array(relabelSchemaFor('empty or null target relabeling rule in scrape config'))
    .nullish()
    .describe('Rules applied to the labels of each target.'),
  metric_relabel_configs: z
    .array(relabelSchemaFor('empty or null metric relabeling rule in scrape config'))
    .nullish()
    .describe('Rules applied to the labels of each scraped series.'),
};

/** One entry of `scrape_configs`; `resolveScrapeConfigs` checks what needs `global` as well. */
export const scrapeConfigSchema = z
  .strictObject(scrapeConfigShape, {
    error: (issue) => (issue.input === null ? 'empty or null scrape config section' : undefined),
  })
  .superRefine((config, context) => {
    for (const message of httpClientProblems(config)) context.addIssue({ code: 'custom', message });
    if ((config.relabel_configs ?? []).length > 0) return;
    for (const [group, { targets }] of (config.static_configs ?? []).entries()) {
      for (const [index, target] of (targets ?? []).entries()) {
        if (!target.includes('/')) continue;
        const message = `${JSON.stringify(target)} is not a valid hostname`;
        const path = ['static_configs', group, 'targets', index];
        context.addIssue({ code: 'custom', message, path });
      }
    }
  });
export type ScrapeConfigYaml = z.output<typeof scrapeConfigSchema>;
