import { expect, test } from 'vitest';
import { Labels } from '../../model/index.ts';
import { parseSelector, selects } from './selector.ts';

const LABELS = Labels.fromObject({ __name__: 'http_requests_total', code: '200', path: '/a"b' });

function check(selector: string, want: boolean): void {
  expect(selects(parseSelector(selector), LABELS), selector).toBe(want);
}

test('selects by name, by labels, and by both', () => {
  check('', true);
  check('http_requests_total', true);
  check('other', false);
  check('{code="200"}', true);
  check('http_requests_total{code=~"2..", method=""}', true);
  check('http_requests_total{code!~"2..",}', false);
  check('{__name__=~"http_.*", code!="500"}', true);
  check(String.raw`{path="/a\"b"}`, true);
  check("{path='/a\"b'}", true);
  check('{path=`/a"b`}', true);
});

test('says where a selector is none', () => {
  for (const text of ['{', 'a{b}', 'a{b=1}', 'a{b="c"', 'a b', '{b="c" d="e"}', 'a{b="c"}x']) {
    expect(() => parseSelector(text), text).toThrow(/selector .* want name/);
  }
});
