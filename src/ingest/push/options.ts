import { z } from 'zod';

const MIB = 1 << 20;

/** Settings of everything that takes pushes over HTTP. */
export const pushOptionsSchema = z.strictObject({
  max_body_bytes: z
    .number()
    .int()
    .min(1024)
    .max(256 * MIB)
    .default(32 * MIB)
    .describe('Largest body of a push in bytes, as sent and again after decompression.'),
  max_in_flight_bytes: z
    .number()
    .int()
    .min(MIB)
    .default(256 * MIB)
    .describe(
      'Bytes of all pushes being handled at once, as sent and decompressed; beyond it a push is ' +
        'answered 503 before its body is read.',
    ),
  body_timeout_ms: z
    .number()
    .int()
    .min(100)
    .default(30_000)
    .describe('Milliseconds within which the whole body of a push must have arrived.'),
  retry_after_seconds: z
    .number()
    .int()
    .min(1)
    .default(5)
    .describe('Seconds after which a sender answered 503 is asked to try again.'),
  identity_cache_bytes: z
    .number()
    .int()
    .min(MIB)
    .default(256 * MIB)
    .describe('Memory in bytes for recognising the series of senders and targets by their names.'),
  pushgateway_resample_ms: z
    .number()
    .int()
    .min(100)
    .default(15_000)
    .describe('Milliseconds between samples of every held Pushgateway group, as if scraped.'),
  pushgateway_admin: z
    .boolean()
    .default(false)
    .describe('Whether PUT /api/v1/admin/wipe may delete all Pushgateway groups.'),
});

export type PushOptions = z.output<typeof pushOptionsSchema>;
