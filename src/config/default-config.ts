/**
 * What the collector runs with when no file is named: it scrapes itself (pull) and reads its host
 * through the push path. `LISTEN` is replaced by the address it listens on.
 */
export const DEFAULT_CONFIG_FILE = '(built-in configuration)';

export const DEFAULT_CONFIG = `\
global:
  scrape_interval: 15s

scrape_configs:
  - job_name: tidegauge
    scrape_interval: 5s
    static_configs:
      - targets: ['LISTEN']

tidegauge:
  host_metrics:
    enabled: true
    interval: 5s
`;
