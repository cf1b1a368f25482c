import { z } from 'zod';
import { receiversOptionsSchema } from './receivers/receivers-options.ts';
import { globalScrapeSchema, scrapeConfigSchema } from '../ingest/pull/index.ts';

const labelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'want a label name');

const toleranceSchema = z.strictObject({
  kind: z
    .enum(['absolute', 'relative', 'quantum'])
    .describe('How `value` is meant: as a difference, as a part of the value, or as a step.'),
  value: z
    .number()
    .min(0)
    .describe(
      'A gauge that moved by no more than this, or a counter that is no further from ' +
        'where it was heading, is not sent.',
    ),
  max: z
    .number()
    .min(0)
    .optional()
    .describe(
      'The same while the collector does not keep up, also in mode sample; default: `value`.',
    ),
});

/** The agent's file, and what flags change of it. */
export const agentOptionsSchema = z.strictObject({
  collector: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('URL of the collector.'),
  data: z.string().min(1).default('./agent-data').describe('Folder of the ring and the identity.'),
  memory_only: z.boolean().default(false).describe('Whether nothing is written to any disk.'),
  agent_id: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,128}$/, 'want letters, digits and . _ : -, at most 128')
    .optional()
    .describe('Name of this agent; one is made and kept where it is not given.'),
  token: z.string().optional().describe('Bearer token.'),
  token_file: z.string().optional().describe('File that holds the bearer token, read each time.'),
  join_token: z
    .string()
    .optional()
    .describe('Token that is changed once for a certificate or token of its own.'),
  join_token_file: z.string().optional().describe('File that holds the join token.'),
  ca_hash: z
    .string()
    .regex(/^sha256:[0-9a-fA-F]{64}$/, 'want sha256: and 64 hex digits')
    .optional()
    .describe("Pin of the authority of the collector's certificate; no other is then trusted."),
  ca_file: z
    .string()
    .optional()
    .describe("File with the authority of the collector's certificate, as PEM."),
  labels: z.record(labelName, z.string()).default({}).describe('Labels of every series.'),
  transport: z
    .enum(['auto', 'websocket', 'poll'])
    .default('auto')
    .describe('How to connect: WebSocket, plain HTTP, or that where WebSocket does not pass.'),
  reconnect_max_ms: z
    .int()
    .min(100)
    .max(3_600_000)
    .optional()
    .describe(
      'Longest wait between two attempts to connect; default 5 s, 1 s for a collector on this host.',
    ),
  clock_skew_warn_ms: z
    .int()
    .min(0)
    .default(1000)
    .describe("Clocks of this host and the collector's further apart are warned of; 0: never."),
  host_metrics: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether the host is read.'),
      interval_ms: z.int().min(100).default(15_000).describe('Time between two readings.'),
    })
    .prefault({}),
  own_metrics: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether the agent tells of itself.'),
      interval_ms: z.int().min(100).default(15_000).describe('Time between two readings.'),
    })
    .prefault({}),
  global: globalScrapeSchema.prefault({}),
  scrape_configs: z.array(scrapeConfigSchema).default([]).describe('As for Prometheus.'),
  receivers: receiversOptionsSchema.prefault({}),
  allow_reads: z
    .array(z.strictObject({ name: z.string().min(1), url: z.url({ protocol: /^https?$/ }) }))
    .default([])
    .describe('Local targets that the collector may read by name, beside those scraped.'),
  mode: z
    .enum(['sample', 'on_change'])
    .default('sample')
    .describe('Whether every tick sends every series, or those that changed.'),
  tolerance: toleranceSchema.optional(),
  sync_ms: z.int().min(1000).default(60_000).describe('On change: time between full ticks.'),
  dampening_ms: z
    .int()
    .min(0)
    .default(0)
    .describe('On change: least time between two changes of a series that are sent.'),
  cpu_budget_percent: z
    .int()
    .min(5)
    .default(90)
    .describe('Of one core; beyond it the agent reads less often, and says so.'),
  batch_ticks: z.int().min(1).max(60).default(1).describe('Ticks gathered in one batch.'),
  policy: z
    .strictObject({
      accept: z.boolean().default(true).describe('Whether policies of the collector count.'),
      interval_ms_min: z
        .int()
        .min(50)
        .default(1_000)
        .describe('No policy makes a group be read more often than this.'),
      allow_on_change: z
        .boolean()
        .default(true)
        .describe('Whether policies may set mode, tolerance and dampening.'),
    })
    .prefault({}),
  lease_samples_per_second_max: z
    .int()
    .min(0)
    .default(10_000)
    .describe('What all leases together may add, whatever the collector asks for.'),
  ring_memory_bytes: z.int().min(65_536).default(8_388_608).describe('Ring in memory.'),
  ring_disk_bytes: z.int().min(1_048_576).default(268_435_456).describe('Ring on the disk.'),
  ring_max_age_ms: z.int().min(1000).default(604_800_000).describe('Nothing older is kept.'),
});

export type AgentOptions = z.output<typeof agentOptionsSchema>;
