import { z } from 'zod';
import { problem } from './problem.ts';
import { labelSet } from './query.ts';
import { rfc3339 } from './time.ts';

export const buildInfo = z.strictObject({
  version: z.string(),
  revision: z.string(),
  branch: z.string(),
  buildUser: z.string(),
  buildDate: z.string(),
  goVersion: z.string().describe('Empty: there is none.'),
  nodeVersion: z.string(),
});

export const runtimeInfo = z.strictObject({
  startTime: rfc3339,
  CWD: z.string(),
  hostname: z.string(),
  serverTime: rfc3339,
  reloadConfigSuccess: z.boolean(),
  lastConfigTime: rfc3339,
  corruptionCount: z.number(),
  timeSeriesCount: z.number(),
  sampleCount: z.number(),
  goroutineCount: z.number(),
  GOMAXPROCS: z.number(),
  GOMEMLIMIT: z.number(),
  GOGC: z.string(),
  GODEBUG: z.string(),
  storageRetention: z.string(),
  dataDirectory: z.string(),
});

const counts = z.array(z.strictObject({ name: z.string(), value: z.number() }));

export const tsdbStatus = z.strictObject({
  headStats: z.strictObject({
    numSeries: z.number(),
    numLabelPairs: z.number(),
    chunkCount: z.number(),
    minTime: z.number().describe('Milliseconds; 0 while there are no samples.'),
    maxTime: z.number(),
  }),
  seriesCountByMetricName: counts,
  labelValueCountByLabelName: counts,
  memoryInBytesByLabelName: counts,
  seriesCountByLabelValuePair: counts,
});

export const walReplay = z.strictObject({
  min: z.number(),
  max: z.number(),
  current: z.number(),
});

export const features = z
  .record(z.string(), z.record(z.string(), z.boolean()))
  .describe('By category and name, whether it can be used.');

const nullableSeconds = z.number().nullable();

export const sourceList = z.strictObject({
  sources: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.string(),
      name: z.string(),
      labels: labelSet,
      state: z.string(),
      lastContact: rfc3339.nullable(),
      lastError: z.string(),
      intervalSeconds: nullableSeconds,
      samplesPerContact: z.number(),
      samplesTotal: z.number(),
      rejectedTotal: z.number(),
      lastDurationSeconds: nullableSeconds,
      endpoint: z.string(),
      problems: z.array(problem).describe('Of agents; of others `lastError` is what is known.'),
    }),
  ),
});

const metadataFields = { type: z.string(), help: z.string(), unit: z.string() };

export const metadataByFamily = z.record(z.string(), z.array(z.strictObject(metadataFields)));

export const targetMetadataList = z.array(
  z.strictObject({
    target: labelSet,
    metric: z.string().optional().describe('Left out where one metric was asked for.'),
    ...metadataFields,
  }),
);

export const targetList = z.strictObject({
  activeTargets: z.array(
    z.strictObject({
      discoveredLabels: labelSet,
      labels: labelSet,
      scrapePool: z.string(),
      scrapeUrl: z.string(),
      globalUrl: z.string(),
      lastError: z.string(),
      lastScrape: rfc3339,
      lastScrapeDuration: z.number().describe('Seconds.'),
      health: z.enum(['up', 'down', 'unknown']),
      scrapeInterval: z.string(),
      scrapeTimeout: z.string(),
    }),
  ),
  droppedTargets: z.array(z.strictObject({ discoveredLabels: labelSet, scrapePool: z.string() })),
  droppedTargetCounts: z
    .record(z.string(), z.number())
    .nullable()
    .describe('By scrape pool; null where dropped targets were not asked for.'),
});

export const scrapePoolList = z.strictObject({ scrapePools: z.array(z.string()) });

/** Rules have no evaluator yet: the lists are there, and empty. */
export const ruleList = z.strictObject({
  groups: z.array(z.looseObject({ name: z.string(), file: z.string() })),
  groupNextToken: z.string().optional(),
});

export const alertList = z.strictObject({
  alerts: z.array(z.looseObject({ labels: labelSet, annotations: labelSet, state: z.string() })),
});

const alertmanagers = z.array(z.strictObject({ url: z.string() }));

export const alertmanagerList = z.strictObject({
  activeAlertmanagers: alertmanagers,
  droppedAlertmanagers: alertmanagers,
});

export const notificationList = z.array(
  z.strictObject({ text: z.string(), date: rfc3339, active: z.boolean() }),
);
