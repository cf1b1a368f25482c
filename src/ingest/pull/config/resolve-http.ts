import { isAbsolute, join } from 'node:path';
import type {
  Authorization,
  BasicAuth,
  HttpClientConfig,
  HttpHeader,
  TextOrFile,
  TlsConfig,
  TlsVersion,
} from './scrape-config.ts';
import type { TlsVersionName } from './http-options.ts';
import type { ScrapeConfigYaml } from './scrape-options.ts';
import { Secret } from './secret.ts';

const TLS_VERSIONS: Readonly<Record<TlsVersionName, TlsVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** @param directory that relative paths start from: the one of the configuration file. */
export function resolveHttpClient(yaml: ScrapeConfigYaml, directory: string): HttpClientConfig {
  return {
    basicAuth: resolveBasicAuth(yaml, directory),
    authorization: resolveAuthorization(yaml, directory),
    headers: resolveHeaders(yaml, directory),
    tls: resolveTls(yaml, directory),
    followRedirects: yaml.follow_redirects ?? true,
    ...(yaml.tidegauge_agent ? { agentId: yaml.tidegauge_agent } : {}),
  };
}

/** A relative path is taken from `directory`. */
export function joinPath(directory: string, path: string): string {
  return path === '' || isAbsolute(path) ? path : join(directory, path);
}

function resolveBasicAuth(yaml: ScrapeConfigYaml, directory: string): BasicAuth | undefined {
  const auth = yaml.basic_auth;
  if (auth === undefined || auth === null) return undefined;
  return {
    username: textOrFile(auth.username, auth.username_file, directory),
    password: textOrFile(auth.password, auth.password_file, directory),
  };
}

function resolveAuthorization(
  yaml: ScrapeConfigYaml,
  directory: string,
): Authorization | undefined {
  const auth = yaml.authorization;
  if (auth !== undefined && auth !== null) {
    const type = auth.type?.trim() ?? '';
    const credentials = textOrFile(auth.credentials, auth.credentials_file, directory);
    return { type: type === '' ? 'Bearer' : type, credentials };
  }
  const token = textOrFile(yaml.bearer_token, yaml.bearer_token_file, directory);
  return token === undefined ? undefined : { type: 'Bearer', credentials: token };
}

function resolveHeaders(yaml: ScrapeConfigYaml, directory: string): readonly HttpHeader[] {
  return Object.entries(yaml.http_headers ?? {}).map(([name, header]) => ({
    name,
    values: [
      ...(header.values ?? []).map((text) => ({ text: new Secret(text) })),
      ...(header.secrets ?? []).map((text) => ({ text })),
      ...(header.files ?? []).map((file) => ({ file: joinPath(directory, file) })),
    ],
  }));
}

function resolveTls(yaml: ScrapeConfigYaml, directory: string): TlsConfig {
  const tls = yaml.tls_config;
  const min = tls?.min_version;
  const max = tls?.max_version;
  return {
    ca: textOrFile(tls?.ca, tls?.ca_file, directory),
    cert: textOrFile(tls?.cert, tls?.cert_file, directory),
    key: textOrFile(tls?.key, tls?.key_file, directory),
    serverName: tls?.server_name ?? undefined,
    insecureSkipVerify: tls?.insecure_skip_verify ?? false,
    minVersion: min === undefined || min === null ? undefined : TLS_VERSIONS[min],
    maxVersion: max === undefined || max === null ? undefined : TLS_VERSIONS[max],
  };
}

function textOrFile(
  text: string | Secret | null | undefined,
  file: string | null | undefined,
  directory: string,
): TextOrFile | undefined {
  if (text instanceof Secret) return { text };
  if (text !== undefined && text !== null && text !== '') return { text: new Secret(text) };
  if (file === undefined || file === null || file === '') return undefined;
  return { file: joinPath(directory, file) };
}
