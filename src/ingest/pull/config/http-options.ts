import { z } from 'zod';
import { checkKeys, flag, secret, text } from './scalars.ts';

const TLS_VERSIONS = ['TLS10', 'TLS11', 'TLS12', 'TLS13'] as const;
export type TlsVersionName = (typeof TLS_VERSIONS)[number];

const tlsVersion = z.enum(TLS_VERSIONS, {
  error: (issue) => `unknown TLS version: ${String(issue.input)}`,
});

const tlsSchema = z
  .strictObject({
    ca: text.nullish().describe('Certificates of the authorities that are trusted, as PEM.'),
    ca_file: text.nullish().describe('File with the certificates of trusted authorities.'),
    cert: text.nullish().describe('Client certificate, as PEM.'),
    cert_file: text.nullish().describe('File with the client certificate.'),
    key: secret.nullish().describe('Key of the client certificate, as PEM.'),
    key_file: text.nullish().describe('File with the key of the client certificate.'),
    server_name: text.nullish().describe('Name that the server certificate must bear.'),
    insecure_skip_verify: flag.nullish().describe('Do not verify the server certificate.'),
    min_version: tlsVersion.nullish().describe('Lowest TLS version that is accepted.'),
    max_version: tlsVersion.nullish().describe('Highest TLS version that is accepted.'),
  })
  .superRefine((tls, context) => {
    for (const message of tlsProblems(tls)) context.addIssue({ code: 'custom', message });
  });

interface TlsKeys {
  readonly ca?: string | null | undefined;
  readonly ca_file?: string | null | undefined;
  readonly cert?: string | null | undefined;
  readonly cert_file?: string | null | undefined;
  readonly key?: unknown;
  readonly key_file?: string | null | undefined;
  readonly min_version?: TlsVersionName | null | undefined;
  readonly max_version?: TlsVersionName | null | undefined;
}

function tlsProblems(tls: TlsKeys): readonly string[] {
  const problems: string[] = [];
  const certs = countSet(tls.cert, tls.cert_file);
  const keys = countSet(tls.key, tls.key_file);
  if (countSet(tls.ca, tls.ca_file) > 1) {
    problems.push('at most one of ca & ca_file must be configured');
  }
  if (certs > 1) problems.push('at most one of cert & cert_file must be configured');
  if (keys > 1) problems.push('at most one of key & key_file must be configured');
  if (certs > 0 && keys === 0) {
    problems.push(
      'exactly one of key or key_file must be configured when a client certificate is configured',
    );
  }
  if (keys > 0 && certs === 0) {
    problems.push(
      'exactly one of cert or cert_file must be configured when a client key is configured',
    );
  }
  const least = tls.min_version ?? 'TLS10';
  const most = tls.max_version ?? 'TLS13';
  if (TLS_VERSIONS.indexOf(most) < TLS_VERSIONS.indexOf(least)) {
    problems.push(
      'tls_config.max_version must be greater than or equal to tls_config.min_version ' +
        'if both are specified',
    );
  }
  return problems;
}

const basicAuthSchema = z
  .strictObject({
    username: text.nullish().describe('User name.'),
    username_file: text.nullish().describe('File with the user name, read at each scrape.'),
    password: secret.nullish().describe('Password.'),
    password_file: text.nullish().describe('File with the password, read at each scrape.'),
  })
  .superRefine((auth, context) => {
    const add = (message: string): void => context.addIssue({ code: 'custom', message });
    if (countSet(auth.username, auth.username_file) > 1) {
      add('at most one of basic_auth username & username_file must be configured');
    }
    if (countSet(auth.password, auth.password_file) > 1) {
      add('at most one of basic_auth password & password_file must be configured');
    }
  });

const authorizationSchema = z
  .strictObject({
    type: text.nullish().describe('Scheme before the credentials; Bearer unless set.'),
    credentials: secret.nullish().describe('What is sent after the scheme.'),
    credentials_file: text.nullish().describe('File with the credentials, read at each scrape.'),
  })
  .superRefine((auth, context) => {
    const add = (message: string): void => context.addIssue({ code: 'custom', message });
    if (countSet(auth.credentials, auth.credentials_file) > 1) {
      add('at most one of authorization credentials & credentials_file must be configured');
    }
    if (auth.type?.trim().toLowerCase() === 'basic') {
      add('authorization type cannot be set to "basic", use "basic_auth" instead');
    }
  });

/** Headers that the scrape itself sets, or that belong to the connection. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'transfer-encoding',
  'user-agent',
  'www-authenticate',
  'x-prometheus-remote-read-version',
  'x-prometheus-remote-write-version',
  'x-prometheus-scrape-timeout-seconds',
]);

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function headerNameProblem(name: string): string | undefined {
  const shown = JSON.stringify(name);
  if (RESERVED_HEADERS.has(name.toLowerCase())) return `setting header ${shown} is not allowed`;
  return HEADER_NAME.test(name) ? undefined : `${shown} is not a valid header name`;
}

const headerSchema = z.strictObject({
  values: z.array(text).nullish().describe('Values, one header line each.'),
  secrets: z.array(secret).nullish().describe('Values that are not shown.'),
  files: z.array(text).nullish().describe('Files with a value each, read at each scrape.'),
});

/** Keys of the HTTP client as they stand in a scrape configuration. */
export const httpClientShape = {
  basic_auth: basicAuthSchema.nullish().describe('User name and password sent to the target.'),
  authorization: authorizationSchema.nullish().describe('Authorization header sent to the target.'),
  bearer_token: secret.nullish().describe('Old form of authorization: credentials.'),
  bearer_token_file: text.nullish().describe('Old form of authorization: credentials_file.'),
  tls_config: tlsSchema.nullish().describe('TLS settings for targets with the scheme https.'),
  follow_redirects: flag
    .nullish()
    .describe('Follow redirects (credentials stay with the first host); true unless set.'),
  enable_http2: flag
    .nullish()
    .describe('Accepted either way: targets are always scraped over HTTP/1.1.'),
  http_headers: z
    .record(z.string(), headerSchema)
    .superRefine(checkKeys(headerNameProblem))
    .nullish()
    .describe('Further headers by name, each with values, secrets or files.'),
};

type HttpClientYaml = z.output<z.ZodObject<typeof httpClientShape>>;

/** What is wrong across the keys of the HTTP client, in Prometheus's words. */
export function httpClientProblems(http: HttpClientYaml): readonly string[] {
  const problems: string[] = [];
  const tokens = countSet(http.bearer_token, http.bearer_token_file);
  if (tokens > 1) {
    problems.push('at most one of bearer_token & bearer_token_file must be configured');
  }
  if (isSet(http.basic_auth) && tokens > 0) {
    problems.push(
      'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
    );
  }
  if (isSet(http.authorization) && tokens > 0) {
    problems.push('authorization is not compatible with bearer_token & bearer_token_file');
  }
  if (isSet(http.authorization) && isSet(http.basic_auth)) {
    problems.push('at most one of basic_auth, oauth2 & authorization must be configured');
  }
  return problems;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function countSet(...values: readonly unknown[]): number {
  return values.filter(isSet).length;
}
