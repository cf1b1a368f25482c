import { expect, test } from 'vitest';
import { escapeLabelName, escapeMetricName } from './name-escaping.ts';
import type { EscapingScheme } from './negotiate.ts';

const SCHEMES: readonly EscapingScheme[] = ['allow-utf-8', 'underscores', 'dots', 'values'];

function check(name: string, want: readonly string[]): void {
  expect(SCHEMES.map((scheme) => escapeMetricName(name, scheme))).toEqual(want);
}

test('metric names', () => {
  check('a:b_1', ['a:b_1', 'a:b_1', 'a:b__1', 'a:b_1']);
  check('my.metric_x', ['my.metric_x', 'my_metric_x', 'my_dot_metric__x', 'U__my_2e_metric__x']);
  check('1größe', ['1größe', '_gr__e', '__gr____e', 'U___31_gr_f6__df_e']);
  check('a😀', ['a😀', 'a_', 'a__', 'U__a_1f600_']);
  check('', ['', '', '', '']);
});

test('a colon is not legal in label names', () => {
  expect(SCHEMES.map((scheme) => escapeLabelName('a:b', scheme))).toEqual([
    'a:b',
    'a_b',
    'a__b',
    'U__a_3a_b',
  ]);
});
