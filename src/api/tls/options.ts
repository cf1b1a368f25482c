import { z } from 'zod';

/** Settings of the listener with TLS. */
export const tlsOptionsSchema = z.strictObject({
  listen: z
    .string()
    .regex(/^$|^(\[[0-9a-fA-F:]+\]|[^:[\]]*):\d{1,5}$/, 'want HOST:PORT, such as :9443')
    .default('')
    .describe(
      'Address of a second listener, with TLS, for agents and all else that comes from other ' +
        'hosts; HOST:PORT. Empty: none.',
    ),
  cert_file: z
    .string()
    .default('')
    .describe(
      'File with the certificate, and those between it and its authority, as PEM. Empty: one is ' +
        'made by the own authority. Read again when it changes.',
    ),
  key_file: z.string().default('').describe('File with the key of the certificate, as PEM.'),
  min_version: z
    .enum(['TLS12', 'TLS13'])
    .default('TLS12')
    .describe('Lowest version of TLS that is accepted: TLS12 or TLS13.'),
  server_names: z
    .array(z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, 'want a host name or an address'))
    .default([])
    .describe(
      'Names and addresses that agents reach this host by, for the certificate of the own ' +
        "authority; beside localhost, this host's name and its addresses.",
    ),
  ca_dir: z
    .string()
    .default('')
    .describe(
      'Folder of the own authority, which is made when it is needed first; a copy of it lets agents ' +
        'come back after the data is lost. Empty: `tls` in the data folder.',
    ),
  client_certificates: z
    .enum(['request', 'require'])
    .default('request')
    .describe(
      'Whether clients of this listener must have a certificate of the own authority for all but ' +
        'enrolment: request or require.',
    ),
});

export type TlsOptions = z.output<typeof tlsOptionsSchema>;
