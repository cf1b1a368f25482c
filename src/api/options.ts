import { z } from 'zod';

/** Settings of the HTTP server; the configuration file's `web` part and flags of the same name. */
export const apiOptionsSchema = z.strictObject({
  listen: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[^:[\]]*):\d{1,5}$/, 'must be HOST:PORT')
    .default('127.0.0.1:9095')
    .describe('Address to listen on, HOST:PORT. Without a host: all addresses.'),
  cors_origin: z
    .string()
    .default('.*')
    .describe('Regular expression (anchored) of origins that web pages may ask the API from.'),
  enable_lifecycle: z.boolean().default(true).describe('Whether POST /-/reload is allowed.'),
  enable_admin_api: z
    .boolean()
    .default(false)
    .describe('Whether the API may delete and copy stored data (/api/v1/admin).'),
  max_form_bytes: z
    .number()
    .int()
    .positive()
    .default(1_048_576)
    .describe('Largest POST form, or remote read request, that the query API reads, in bytes.'),
  gzip_min_bytes: z
    .number()
    .int()
    .positive()
    .default(4_096)
    .describe('Size from which answers are compressed for clients that take gzip, in bytes.'),
  remote_read_max_concurrent: z
    .number()
    .int()
    .positive()
    .default(10)
    .describe('Most remote reads that are answered at a time; further ones wait.'),
  remote_read_max_samples: z
    .number()
    .int()
    .positive()
    .default(50_000_000)
    .describe('Most samples that one query of a remote read may give.'),
  remote_read_max_frame_bytes: z
    .number()
    .int()
    .positive()
    .default(1_048_576)
    .describe('Size at which a frame of a streamed remote read ends, in bytes.'),
  operator_token_file: z
    .string()
    .default('')
    .describe(
      'File of operator tokens, one a line: TOKEN, then name=NAME. With it, reading from agents, ' +
        'leases, join tokens and revocations need one of them; without it the first two are ' +
        'open, and the others are for programs on this host.',
    ),
  shutdown_timeout_ms: z
    .number()
    .int()
    .nonnegative()
    .default(5_000)
    .describe('How long requests under way may take to finish at shutdown, in milliseconds.'),
});

export type ApiOptions = z.output<typeof apiOptionsSchema>;
