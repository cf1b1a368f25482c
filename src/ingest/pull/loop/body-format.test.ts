import { expect, test } from 'vitest';
import type { ScrapeProtocol } from '../config/scrape-options.ts';
import { bodyFormat } from './body-format.ts';

test('the format of a Content-Type', () => {
  const check = (type: string, want: string, fallback?: ScrapeProtocol): void => {
    expect(bodyFormat(type, fallback), type).toBe(want);
  };
  check('text/plain; version=0.0.4; charset=utf-8', 'text');
  check('text/plain', 'text');
  check('Text/Plain;charset=utf-8', 'text');
  check('application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics');
  check('application/openmetrics-text', 'openmetrics');
  check('application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily', 'protobuf');
  check('', 'protobuf', 'PrometheusProto');
  check('', 'text', 'PrometheusText1.0.0');
  check('application/json', 'openmetrics', 'OpenMetricsText0.0.1');
});

test('what leaves the format open', () => {
  const check = (type: string, want: RegExp): void => {
    expect(() => bodyFormat(type, undefined), type).toThrow(want);
  };
  const unsupported = /^received unsupported Content-Type/;
  check('', /^non-compliant scrape target sending blank Content-Type/);
  check('application/json', unsupported);
  check('text/html; charset=utf-8', unsupported);
});
