const DISCOVERIES = [
  'aws',
  'azure',
  'consul',
  'digitalocean',
  'dns',
  'docker',
  'dockerswarm',
  'ec2',
  'ecs',
  'elasticache',
  'eureka',
  'gce',
  'hetzner',
  'http',
  'ionos',
  'kubernetes',
  'kuma',
  'lightsail',
  'linode',
  'marathon',
  'msk',
  'nerve',
  'nomad',
  'oci',
  'openstack',
  'outscale',
  'ovhcloud',
  'puppetdb',
  'rds',
  'scaleway',
  'serverset',
  'stackit',
  'triton',
  'uyuni',
  'vultr',
] as const;

/**
 * Keys that Prometheus knows and scraping here does not support yet, by the path of the section
 * they stand in; `*` is any index of a list. The loader of the configuration tells them from
 * misspelt ones.
 */
export const unsupportedPullKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['global', ['scrape_failure_log_file']],
  [
    'scrape_configs.*',
    [
      'scrape_failure_log_file',
      'oauth2',
      'proxy_url',
      'no_proxy',
      'proxy_from_environment',
      'proxy_connect_header',
      ...DISCOVERIES.map((name) => `${name}_sd_configs`),
    ],
  ],
  ['scrape_configs.*.basic_auth', ['username_ref', 'password_ref']],
  ['scrape_configs.*.authorization', ['credentials_ref']],
  ['scrape_configs.*.tls_config', ['ca_ref', 'cert_ref', 'key_ref']],
]);
