import { expect, test } from 'vitest';
import { SCRAPE_PROTOCOLS, TEXT_SCRAPE_PROTOCOLS } from '../config/scrape-options.ts';
import { acceptHeader } from './request-headers.ts';

test('a scrape asks as Prometheus 3 does', () => {
  expect(acceptHeader(TEXT_SCRAPE_PROTOCOLS, 'allow-utf-8')).toBe(
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
      'application/openmetrics-text;version=0.0.1;q=0.5,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,' +
      'text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  );
  expect(acceptHeader(SCRAPE_PROTOCOLS, 'underscores')).toBe(
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;' +
      'encoding=delimited;q=0.6,' +
      'application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,' +
      'application/openmetrics-text;version=0.0.1;q=0.4,' +
      'text/plain;version=1.0.0;escaping=underscores;q=0.3,' +
      'text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
  );
  expect(acceptHeader(['PrometheusText0.0.4', 'OpenMetricsText1.0.0'], 'dots')).toBe(
    'text/plain;version=0.0.4;q=0.6,' +
      'application/openmetrics-text;version=1.0.0;escaping=dots;q=0.5,*/*;q=0.4',
  );
});
