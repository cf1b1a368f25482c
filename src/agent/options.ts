import { z } from 'zod';

/** Settings of the readings that the collector takes of its own host. */
export const hostMetricsOptionsSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe("Whether the host's CPU, memory, disks, network and load are read and pushed."),
  interval_ms: z.int().min(100).default(15_000).describe('Time between two readings.'),
  job: z.string().min(1).default('host').describe('Label `job` of the host metrics.'),
});

export type HostMetricsOptions = z.output<typeof hostMetricsOptionsSchema>;
