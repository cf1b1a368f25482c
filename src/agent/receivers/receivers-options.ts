import { z } from 'zod';
import { isLoopback, parseListenAddress } from './listen-address.ts';

const MIB = 1 << 20;

const shape = z.strictObject({
  listen: z
    .string()
    .refine((text) => parseListenAddress(text) !== undefined, {
      error: (issue) =>
        `${JSON.stringify(issue.input)}, want ADDRESS:PORT such as 127.0.0.1:9091 or [::1]:9091`,
    })
    .optional()
    .describe('Loopback address that pushes are taken at; without it nothing listens.'),
  allow_remote: z
    .boolean()
    .default(false)
    .describe('Whether `listen` may be an address that other hosts reach; nobody is asked who.'),
  series_limit: z
    .int()
    .min(1)
    .default(50_000)
    .describe('Pushed series that are known at once; beyond it new ones are refused, known go on.'),
  max_body_bytes: z
    .int()
    .min(1024)
    .max(32 * MIB)
    .default(4 * MIB)
    .describe('Largest body of a push in bytes, as sent and again after decompression.'),
  max_in_flight_bytes: z
    .int()
    .min(MIB)
    .default(32 * MIB)
    .describe('Bytes of all pushes being handled at once; beyond it a push is answered 503.'),
  body_timeout_ms: z
    .int()
    .min(100)
    .default(30_000)
    .describe('Milliseconds within which the whole body of a push must have arrived.'),
  retry_after_seconds: z
    .int()
    .min(1)
    .default(5)
    .describe('Seconds after which a sender answered 503 is asked to try again.'),
  pushgateway_resample_ms: z
    .int()
    .min(100)
    .default(15_000)
    .describe('Milliseconds between samples of every held Pushgateway group, as if scraped.'),
});

/** Settings of what the agent takes from programs on its host. */
export const receiversOptionsSchema = shape.check((context) => {
  const { listen, allow_remote: allowRemote } = context.value;
  const address = listen === undefined ? undefined : parseListenAddress(listen);
  if (address === undefined || allowRemote || isLoopback(address.host)) return;
  context.issues.push({
    code: 'custom',
    path: ['listen'],
    input: listen,
    message:
      `${listen} can be reached from other hosts, and a receiver asks nobody who they are: want ` +
      'a loopback address such as 127.0.0.1:9091, or allow_remote: true beside it',
  });
});

export type ReceiversOptions = z.output<typeof receiversOptionsSchema>;
