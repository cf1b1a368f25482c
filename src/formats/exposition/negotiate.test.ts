import { expect, test } from 'vitest';
import { acceptHeader, negotiateExposition, parserFor } from './negotiate.ts';

test('a scrape asks as Prometheus 3 does', () => {
  expect(acceptHeader()).toBe(
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
      'application/openmetrics-text;version=0.0.1;q=0.5,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,' +
      'text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  );
  expect(acceptHeader(['PrometheusText0.0.4', 'OpenMetricsText1.0.0'], 'dots')).toBe(
    'text/plain;version=0.0.4;q=0.6,' +
      'application/openmetrics-text;version=1.0.0;escaping=dots;q=0.5,*/*;q=0.4',
  );
});

test('the parser of a content type', () => {
  const check = (type: string | undefined, want: string, fallback?: 'text'): void => {
    expect(parserFor(type, fallback).parser, type).toBe(want);
  };
  check('text/plain; version=0.0.4; charset=utf-8', 'text');
  check('text/plain', 'text');
  check('Text/Plain;charset=utf-8', 'text');
  check('application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics');
  check('application/openmetrics-text', 'openmetrics');
  check('application/json', 'none');
  check('text/html; charset=utf-8', 'none');
  check('application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily', 'none');
  check(undefined, 'none');
  check('', 'none');
  check(undefined, 'text', 'text');
  check('application/json', 'text', 'text');
});

test('why there is no parser', () => {
  expect(parserFor('text/html')).toEqual({
    parser: 'none',
    problem: 'Content-Type "text/html", wanted text/plain or application/openmetrics-text',
  });
  expect(parserFor(undefined)).toMatchObject({ problem: expect.stringMatching('no Content-Type') });
});

test('the format for a reader', () => {
  const check = (accept: string | undefined, want: string): void => {
    const { format, escaping, contentType } = negotiateExposition(accept);
    expect(`${format} ${escaping} ${contentType}`).toBe(want);
  };
  const text = 'text underscores text/plain; version=0.0.4; charset=utf-8';
  check(undefined, text);
  check('*/*', text);
  check('text/html,application/xhtml+xml,*/*;q=0.8', text);
  check('application/json', text);
  check('text/plain;version=0.0.4', text);
  check('application/openmetrics-text;version=2.0.0, text/plain;q=0.1', text);
  check(
    acceptHeader(),
    'openmetrics allow-utf-8 application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
  );
  check(
    'application/openmetrics-text;q=0.5,text/plain;version=1.0.0;escaping=values',
    'text values text/plain; version=1.0.0; charset=utf-8; escaping=values',
  );
  check(
    'application/openmetrics-text',
    'openmetrics underscores application/openmetrics-text; version=0.0.1; charset=utf-8',
  );
});
