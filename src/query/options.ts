import { z } from 'zod';

/** Settings of PromQL queries and of the workers that evaluate them. */
export const queryOptionsSchema = z.strictObject({
  lookback_ms: z
    .int()
    .min(1)
    .default(5 * 60_000)
    .describe('How far back an instant vector looks for the newest sample of a series.'),
  default_step_ms: z.int().min(1).default(60_000).describe('Step of subqueries that name none.'),
  timeout_ms: z
    .int()
    .min(1)
    .default(120_000)
    .describe('Longest time a query may take, waiting for a worker included.'),
  max_samples: z
    .int()
    .min(1)
    .default(50_000_000)
    .describe('Most samples that one query may hold in memory at once.'),
  max_memory_bytes: z
    .int()
    .min(1024 * 1024)
    .default(1024 ** 3)
    .describe('Most memory that one query may hold at once.'),
  max_series: z
    .int()
    .min(1)
    .default(5_000_000)
    .describe('Most series that one selector may select.'),
  workers: z
    .int()
    .min(0)
    .default(0)
    .describe('Threads that evaluate queries; 0 for one less than there are cores, at least 2.'),
  max_queued: z
    .int()
    .min(0)
    .default(100)
    .describe('Most queries that may wait for a worker; further ones are refused.'),
  type_and_unit_labels: z
    .boolean()
    .default(false)
    .describe('Whether rate and increase tell counters by the label `__type__`, not by name.'),
  start_timestamps: z
    .boolean()
    .default(true)
    .describe('Whether rates make use of start timestamps, where samples have them.'),
  per_step_stats: z
    .boolean()
    .default(false)
    .describe('Whether statistics (`stats=all`) tell the samples of each step of a query.'),
  experimental_functions: z
    .boolean()
    .default(true)
    .describe(
      'Whether queries may use the functions, operators and modifiers that Prometheus calls ' +
        'experimental.',
    ),
});

export type QueryOptions = z.output<typeof queryOptionsSchema>;
