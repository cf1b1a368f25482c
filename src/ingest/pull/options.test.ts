import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  fingerprint,
  globalScrapeSchema,
  resolveScrapeConfigs,
  type ScrapeConfig,
  scrapeConfigSchema,
} from './options.ts';

interface Problem {
  readonly path: readonly unknown[];
  readonly message: string;
}

/** What is wrong with one scrape configuration, or with `global`. */
function problemsOf(config: unknown, global: object = {}): readonly Problem[] {
  const globals = globalScrapeSchema.safeParse(global);
  const parsed = scrapeConfigSchema.safeParse(config);
  const issues = [...(globals.error?.issues ?? []), ...(parsed.error?.issues ?? [])];
  if (!globals.success || !parsed.success) return issues;
  return resolveScrapeConfigs(globals.data, [parsed.data], '/etc').issues;
}

function check(config: unknown, want: string | RegExp, global: object = {}): void {
  expect(
    problemsOf(config, global)
      .map((problem) => problem.message)
      .join('\n'),
  ).toMatch(want);
}

function resolve(config: object, global: object = {}): ScrapeConfig {
  expect(problemsOf({ job_name: 'j', ...config }, global)).toEqual([]);
  const { configs } = resolveScrapeConfigs(
    globalScrapeSchema.parse(global),
    [scrapeConfigSchema.parse({ job_name: 'j', ...config })],
    '/etc/tide',
  );
  const [resolved] = configs;
  if (resolved === undefined) throw new Error('nothing resolved');
  return resolved;
}

describe('scrapeConfigSchema', () => {
  it('refuses what Prometheus refuses, in its words', () => {
    check(null, 'empty or null scrape config section');
    check({ job_name: null }, 'job_name is empty');
    check({}, 'job_name is empty');
    const job = { job_name: 'prometheus' };
    check(
      { ...job, bearer_token: 1234, bearer_token_file: 'f' },
      'at most one of bearer_token & bearer_token_file must be configured',
    );
    check(
      { ...job, basic_auth: {}, authorization: {} },
      'at most one of basic_auth, oauth2 & authorization must be configured',
    );
    check(
      { ...job, basic_auth: { username: 'u', password: 'x', password_file: 'f' } },
      /at most one of basic_auth password/,
    );
    check({ ...job, authorization: { type: 'Basic' } }, /cannot be set to "basic"/);
    check(
      { ...job, authorization: { credentials: 'x', credentials_file: 'f' } },
      /at most one of authorization credentials/,
    );
    check({ ...job, body_size_limit: 100 }, 'units: unknown unit  in 100');
    check(
      { ...job, scrape_interval: '5s', scrape_timeout: '6s' },
      'scrape timeout greater than scrape interval',
    );
    check({ ...job, scrape_interval: '5 s' }, 'not a valid duration string: "5 s"');
    check({ ...job, static_configs: [null] }, 'empty or null section in static_configs');
    check({ ...job, relabel_configs: [null] }, 'empty or null target relabeling rule');
    check({ ...job, metric_relabel_configs: [null] }, 'empty or null metric relabeling rule');
    check(
      { ...job, static_configs: [{ targets: ['http://bad'] }] },
      '"http://bad" is not a valid hostname',
    );
    check(
      { ...job, scrape_protocols: ['prometheusproto'] },
      'scrape_protocols: unknown scrape protocol prometheusproto, supported: ' +
        '[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 ' +
        'PrometheusText1.0.0]',
    );
    check({ ...job, scrape_protocols: [] }, 'scrape_protocols cannot be empty');
    check(
      { ...job, scrape_protocols: ['PrometheusText0.0.4', 'PrometheusText0.0.4'] },
      'duplicated protocol in scrape_protocols',
    );
    check({ ...job, fallback_scrape_protocol: ['PrometheusText0.0.4'] }, /./);
    check(
      { ...job, file_sd_configs: [{ files: ['a/*/b.yml'] }] },
      'path name "a/*/b.yml" is not valid for file discovery',
    );
    check({ ...job, file_sd_configs: [{ files: [] }] }, 'must contain at least one path name');
    check({ ...job, tls_config: { cert_file: 'c' } }, /exactly one of key or key_file/);
    check(
      { ...job, tls_config: { min_version: 'TLS12', max_version: 'TLS11' } },
      /greater than or equal/,
    );
    check(
      { ...job, http_headers: { 'user-Agent': { values: ['x'] } } },
      'setting header "user-Agent" is not allowed',
    );
    check({ ...job, consult_sd_configs: [] }, /consult_sd_configs/);
    check({ ...job, scheme: 'ftp' }, /./);
  });

  it('checks what concerns histograms', () => {
    const job = { job_name: 'j' };
    check({ ...job, native_histogram_bucket_limit: -1 }, /./);
    check({ ...job, native_histogram_min_bucket_factor: 'x' }, /./);
    check({ ...job, scrape_native_histograms: 'perhaps' }, /not true or false/);
    check({ ...job, fallback_scrape_protocol: 'prometheusproto' }, /unknown scrape protocol/);
    check({ ...job, scrape_protocols: ['PrometheusProto', 'PrometheusProto'] }, /duplicated/);
  });

  it('checks what concerns the global part', () => {
    const job = { job_name: 'j' };
    check(job, 'global scrape timeout greater than scrape interval', {
      scrape_interval: '1s',
      scrape_timeout: '2s',
    });
    check(job, 'unrecognized ValidationScheme: "invalid_scheme"', {
      metric_name_validation_scheme: 'invalid_scheme',
    });
    check(job, 'utf8 metric names requested but validation scheme is not set to UTF8', {
      metric_name_validation_scheme: 'legacy',
      metric_name_escaping_scheme: 'allow-utf-8',
    });
    check(
      { ...job, relabel_configs: [{ target_label: 'a.b', replacement: 'x' }] },
      '"a.b" is invalid \'target_label\' for replace action',
      { metric_name_validation_scheme: 'legacy' },
    );
    const twice = [scrapeConfigSchema.parse(job), scrapeConfigSchema.parse(job)];
    expect(resolveScrapeConfigs({}, twice, '').issues).toEqual([
      {
        path: ['scrape_configs', 1, 'job_name'],
        message: 'found multiple scrape configs with job name "j"',
      },
    ]);
  });
});

describe('resolveScrapeConfigs', () => {
  it('has the defaults of Prometheus', () => {
    expect(resolve({})).toMatchObject({
      scrapeIntervalMs: 60_000,
      scrapeTimeoutMs: 10_000,
      metricsPath: '/metrics',
      scheme: 'http',
      honorLabels: false,
      honorTimestamps: true,
      enableCompression: true,
      bodySizeLimitBytes: 0,
      nameValidation: 'utf8',
      nameEscaping: 'allow-utf-8',
      scrapeProtocols: [
        'OpenMetricsText1.0.0',
        'OpenMetricsText0.0.1',
        'PrometheusText1.0.0',
        'PrometheusText0.0.4',
      ],
      http: { followRedirects: true, basicAuth: undefined },
    });
  });

  it('asks for protobuf first where native histograms are scraped and nothing else is said', () => {
    const native = { scrape_native_histograms: true };
    const first = (own: object, global: object = {}): string | undefined =>
      resolve(own, global).scrapeProtocols[0];
    expect(first(native)).toBe('PrometheusProto');
    expect(first({}, native)).toBe('PrometheusProto');
    expect(first({ scrape_native_histograms: false }, native)).toBe('OpenMetricsText1.0.0');
    expect(first(native, { scrape_protocols: ['PrometheusText0.0.4'] })).toBe(
      'PrometheusText0.0.4',
    );
    expect(resolve({}, { ...native, convert_classic_histograms_to_nhcb: true }).histograms).toEqual(
      {
        native: true,
        classicToo: false,
        customBuckets: true,
        bucketLimit: 0,
        maxSchema: 8,
      },
    );
  });

  it('finds the finest schema whose bounds grow by the factor', () => {
    const schemas = [
      0, 1, 1.002, 1.005, 1.01, 1.02, 1.04, 1.09, 1.18, 1.42, 2, 4, 16, 256, 1e6,
    ].map((factor) => resolve({ native_histogram_min_bucket_factor: factor }).histograms.maxSchema);
    expect(schemas).toEqual([8, 8, 8, 7, 6, 5, 4, 3, 2, 0, 0, -1, -2, -3, -4]);
  });

  it('inherits from global, and never a timeout above its own interval', () => {
    const global = {
      scrape_interval: '15s',
      sample_limit: 7,
      body_size_limit: '15MB',
      label_limit: 3,
    };
    expect(resolve({ scrape_interval: '5s', label_limit: 4 }, global)).toMatchObject({
      scrapeIntervalMs: 5_000,
      scrapeTimeoutMs: 5_000,
      sampleLimit: 7,
      labelLimit: 4,
      bodySizeLimitBytes: 15 * 1024 * 1024,
    });
    expect(resolve({ body_size_limit: '1.5GiB' }, global).bodySizeLimitBytes).toBe(1.5 * 2 ** 30);
    expect(resolve({ scrape_timeout: null, metrics_path: null }, global)).toMatchObject({
      scrapeTimeoutMs: 10_000,
      metricsPath: '/metrics',
    });
  });

  it('derives the escaping of names from the nearest validation scheme', () => {
    const legacy = { metric_name_validation_scheme: 'legacy' };
    expect(resolve(legacy).nameEscaping).toBe('underscores');
    expect(resolve({}, legacy).nameEscaping).toBe('underscores');
    expect(resolve({ metric_name_validation_scheme: 'utf8' }, legacy).nameEscaping).toBe(
      'allow-utf-8',
    );
    expect(resolve({ metric_name_escaping_scheme: 'dots' }, legacy).nameEscaping).toBe('dots');
  });

  it('takes relative paths from the directory of the file', () => {
    const config = resolve({
      bearer_token_file: 'token',
      file_sd_configs: [{ files: ['sd/*.yml', '/abs/x.json'] }],
      tls_config: { ca_file: 'ca.pem' },
    });
    expect(config.http.authorization?.credentials?.file).toBe('/etc/tide/token');
    expect(config.http.tls.ca?.file).toBe('/etc/tide/ca.pem');
    expect(config.fileSdConfigs[0]).toEqual({
      files: ['/etc/tide/sd/*.yml', '/abs/x.json'],
      refreshIntervalMs: 300_000,
    });
  });

  it('shows no secret, yet tells configurations apart by theirs', () => {
    const one = resolve({ basic_auth: { username: 'u', password: 'hunter2' } });
    const other = resolve({ basic_auth: { username: 'u', password: 'hunter3' } });
    for (const shown of [
      inspect(one, { depth: 9 }),
      JSON.stringify(one),
      String(one.http.basicAuth?.password?.text),
    ]) {
      expect(shown).toContain('<secret>');
      expect(shown).not.toContain('hunter2');
    }
    expect(fingerprint(one)).not.toBe(fingerprint(other));
    expect(fingerprint(one)).toBe(
      fingerprint(resolve({ basic_auth: { username: 'u', password: 'hunter2' } })),
    );
  });
});
