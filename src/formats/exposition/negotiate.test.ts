import { expect, test } from 'vitest';
import { negotiateExposition } from './negotiate.ts';

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
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
      'application/openmetrics-text;version=0.0.1;q=0.5,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
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
