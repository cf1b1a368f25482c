import { describe, expect, test } from 'vitest';
import { parseExpr } from '../parse/index.ts';
import { prettyPrint, quoteString } from './index.ts';

const LONG = 'a_metric_with_a_long_name_that_fills_the_line{instance="somewhere",job="something"}';

describe('pretty printing', () => {
  const check = (name: string, text: string, lines: readonly string[]): void => {
    test(name, () => expect(prettyPrint(parseExpr(text)).split('\n')).toEqual(lines));
  };
  check('a short query', 'sum(a)/b', ['sum(a) / b']);
  check('a selector, however long', `${LONG}[5m]  offset  1h @ 1234567890`, [
    `${LONG}[5m] @ 1234567890.000 offset 1h`,
  ]);
  check('an operation', `${LONG} + on(job) ${LONG}`, [`  ${LONG}`, '+ on (job)', `  ${LONG}`]);
  check('a power of infinity', `Inf ^ scalar(${LONG}${' + a_metric'.repeat(3)})`, [
    '  Inf',
    '^',
    '  scalar(',
    `        ${LONG} + a_metric`,
    '      +',
    '        a_metric',
    '    +',
    '      a_metric',
    '  )',
  ]);
  check('an aggregation', `quantile by(job) (0.9, rate(${LONG}[5m]))`, [
    'quantile by (job) (',
    '  0.9,',
    `  rate(${LONG}[5m])`,
    ')',
  ]);
  check('calls and parentheses', `label_replace((abs(${LONG})), "a", "$1", "b", "(.*)")`, [
    'label_replace(',
    `  (abs(${LONG})),`,
    '  "a",',
    '  "$1",',
    '  "b",',
    '  "(.*)"',
    ')',
  ]);
  check(
    'a subquery of what is long',
    `max_over_time((${LONG} > 10000000000000)[5m:1m] offset 1m)`,
    ['max_over_time(', '  (', `    ${LONG} > 10000000000000`, '  )[5m:1m] offset 1m', ')'],
  );
  check('a sign', `-(${LONG} + a_metric_of_some_length)`, [
    '-(',
    `    ${LONG}`,
    '  +',
    '    a_metric_of_some_length',
    ')',
  ]);
});

test('strings', () => {
  const check = (text: string, want: string): void => expect(quoteString(text)).toBe(want);
  check('plain', '"plain"');
  check('a"b\\c\n\t', String.raw`"a\"b\\c\n\t"`);
  check('☃ é 😀', '"☃ é 😀"');
  check('\u0000\u007f\u0085\u200b\ufeff', String.raw`"\x00\x7f\u0085\u200b\ufeff"`);
  check('a\udcc5z', String.raw`"a\xc5z"`);
  check('\u{e0001}', String.raw`"\U000e0001"`);
});
