import { describe, expect, test } from 'vitest';
import type { BinaryExpr, Expr } from '../ast.ts';
import { ParseError } from '../errors.ts';
import { printExpr } from '../print/index.ts';
import { MAX_QUERY_DEPTH, MAX_QUERY_LENGTH, parseExpr, parseMetricSelector } from './index.ts';

/** The tree with a parenthesis around each operation. */
function shape(expr: Expr): string {
  if (expr.kind === 'binary') return `(${shape(expr.left)} ${expr.operator} ${shape(expr.right)})`;
  if (expr.kind === 'unary') return `(${expr.operator} ${shape(expr.operand)})`;
  if (expr.kind === 'paren') return shape(expr.expr);
  return printExpr(expr);
}

describe('precedence', () => {
  const check = (text: string, want: string): void => {
    test(text, () => expect(shape(parseExpr(text))).toBe(want));
  };
  check('1 + 2 * 3', '(1 + (2 * 3))');
  check('1 - 2 - 3', '((1 - 2) - 3)');
  check('2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))');
  check('-1 ^ 2', '(- (1 ^ 2))');
  check('-1 * 2', '(-1 * 2)');
  check('-a * b', '((- a) * b)');
  check('-a ^ b', '(- (a ^ b))');
  check('2 ^ -a * b', '((2 ^ (- a)) * b)');
  check('a + -b * c', '(a + ((- b) * c))');
  check('1 - -1', '(1 - -1)');
  check('a or b and c', '(a or (b and c))');
  check('a and b unless c', '((a and b) unless c)');
  check('a > b + 1', '(a > (b + 1))');
  check('a > b and c < d', '((a > b) and (c < d))');
  check('1 atan2 2 % 3', '((1 atan2 2) % 3)');
  check('a </ 1 + 1', '(a </ (1 + 1))');
  check('-foo offset 5m', '(- foo offset 5m)');
  check('foo offset -2 * 2', '(foo offset -2s * 2)');
  check('foo offset step() * 2', '(foo offset step() * 2)');
  check('foo offset -(min_of(step(), 1s)) + 8', '(foo offset (-min_of(step(), 1s)) + 8)');
  check('foo offset (2 * 3) + 1', '(foo offset (2 * 3) + 1)');
  check('foo @ 5 + 1', '(foo @ 5.000 + 1)');
});

describe('printing', () => {
  const check = (text: string, want = text): void => {
    test(text, () => expect(printExpr(parseExpr(text))).toBe(want));
  };
  check(
    'foo/bar +on(a)group_left(x) sum  by(a)(b)',
    'foo / bar + on (a) group_left (x) sum by (a) (b)',
  );
  check('SUM(foo) BY (b, "c.d",)', 'sum by (b, "c.d") (foo)');
  check('sum without () (foo)', 'sum without () (foo)');
  check('sum by () (foo)', 'sum(foo)');
  check('topk by (a) (3, foo)');
  check('count_values("v", foo)');
  check('{"a.b", x="1"}', '{"a.b",x="1"}');
  check('{"plain", "x.y"!="1"}', 'plain{"x.y"!="1"}');
  check('{__name__=~"a.*"}');
  check('foo{b="2", a=~"1"}', 'foo{a=~"1",b="2"}');
  check('{__name__="foo"}', '{__name__="foo"}');
  check('sum(count)');
  check('avg + by + offset', 'avg + by + offset');
  check('foo[1800]', 'foo[30m]');
  check('foo[2m * 3 + 1]', 'foo[2m * 3 + 1]');
  check('foo[(2m + 1) * 3]', 'foo[(2m + 1) * 3]');
  check('foo[5m:1m] @ end() offset 1h', 'foo[5m:1m] @ end() offset 1h');
  check('foo[5m:]', 'foo[5m:]');
  check('foo offset 1h @ 1.5', 'foo @ 1.500 offset 1h');
  check('foo[5m] anchored', 'foo[5m] anchored');
  check('foo @ 100 smoothed', 'foo @ 100.000 smoothed');
  check('a + fill(0) b', 'a + fill (0) b');
  check('a + on(x) fill_left(1) fill_right(-2) b', 'a + on (x) fill_left (1) fill_right (-2) b');
  check('a == bool ignoring(x) b', 'a == bool ignoring (x) b');
  check('1e100', `1${'0'.repeat(100)}`);
  check('-Inf', '-Inf');
  check('5m', '5m');
  check(String.raw`label_replace(foo, "a", "\xff\n", "☃", "")`);
  check('foo offset (2 * 3)', 'foo offset (2 * 3)');
  check('foo offset -step()', 'foo offset -step()');
});

describe('errors', () => {
  const check = (text: string, message: string): void => {
    test(text, () => {
      const error = thrown(() => parseExpr(text));
      expect(error.message).toBe(message.replace(/^(\d+:\d+) /, '$1: parse error: '));
      expect(error.code).toBe('bad_query');
    });
  };
  check('', '1:1 no expression found in input');
  check('# only\n', '1:1 no expression found in input');
  check('1+', '1:3 unexpected end of input');
  check('*1', '1:1 unexpected <op:*>');
  check('1 +\n  *2', '2:3 unexpected <op:*>');
  check('sum some_metric', '1:5 unexpected identifier "some_metric"');
  check('sum(a b)', '1:7 unexpected identifier "b" in aggregation');
  check('sum(rate(a[5m]) 1)', '1:17 unexpected number "1" in aggregation');
  check('sum by (a) b', '1:12 unexpected identifier "b" in aggregation');
  check('sum(a) b', '1:8 unexpected identifier "b"');
  check('rate(a b)', '1:8 unexpected identifier "b"');
  check('rate(sum(a), b c)', '1:16 unexpected identifier "c"');
  check('(a b)', '1:4 unexpected identifier "b"');
  check('nope(', '1:6 unclosed left parenthesis');
  check('a)', "1:3 unexpected right parenthesis ')'");
  check('\\', String.raw`1:1 unexpected character: '\\'`);
  check('a - on(b) ignoring(c) d', '1:11 unexpected <ignoring>');
  check('sum (a) by b', '1:12 unexpected identifier "b" in grouping opts, expected "("');
  check('sum without(==)(a)', '1:13 unexpected <op:==> in grouping opts, expected label');
  check(
    'sum without(a b)(c)',
    '1:15 unexpected identifier "b" in grouping opts, expected "," or ")"',
  );
  check('sum()', '1:1 no arguments for aggregate expression provided');
  check(
    'topk(a)',
    '1:1 wrong number of arguments for aggregate expression provided, expected 2, got 1',
  );
  check('floor(a,)', '1:8 trailing commas not allowed in function call args');
  check('foo{a=b}', '1:7 unexpected identifier "b" in label matching, expected string');
  check('foo{,}', '1:5 unexpected "," in label matching, expected identifier or "}"');
  check(
    'foo{gibberish}',
    '1:14 unexpected "}" in label matching, expected label matching operator',
  );
  check('foo{a="b" c}', '1:11 unexpected identifier "c" in label matching, expected "," or "}"');
  check('foo{__name__="bar"}', '1:1 metric name must not be set twice: "foo" or "bar"');
  check('foo{"bar"}', '1:5 metric name must not be set twice: "foo" or "bar"');
  check(
    'foo[]',
    '1:5 unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  check('foo[5m1h]', '1:5 not a valid duration string: "5m1h"');
  check('foo[0m]', '1:5 duration must be greater than 0');
  check('foo[5s/0d]', '1:7 division by zero');
  check('foo[9.5e10]', '1:5 duration out of range');
  check(
    'foo offset',
    '1:11 unexpected end of input in offset, expected number, duration, step(), or range()',
  );
  check('foo offset 1s offset 2s', '1:1 offset may not be set multiple times');
  check('foo OFFSET 1m[5m]', '1:14 no offset modifiers allowed before range');
  check('foo @ 1 [5m]', '1:9 no @ modifiers allowed before range');
  check('foo @', '1:6 unexpected end of input in @, expected timestamp');
  check('foo @ start', '1:12 unexpected end of input in @, expected timestamp');
  check('foo @ NaN', '1:1 timestamp out of bounds for @ modifier: NaN');
  check('foo @ -Inf', '1:1 timestamp out of bounds for @ modifier: -Inf');
  check('foo @ 1e19', '1:1 timestamp out of bounds for @ modifier: 10000000000000000000.000000');
  check('(foo + bar)[5m]', '1:12 ranges only allowed for vector selectors');
  check(
    '1 offset 1d',
    '1:1 offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
  );
  check('foo[5m:] anchored', '1:1 anchored modifier is not supported for subqueries');
  check('rte(foo[5m])', '1:1 unknown function with name "rte", did you mean "rate"?');
  check('holt_winters(foo[5m], 1, 1)', '1:1 unknown function with name "holt_winters"');
  check(
    '1e999',
    '1:1 error parsing number: strconv.ParseFloat: parsing "1e999": value out of range',
  );
  check(String.raw`sum by ("\xff") (a)`, String.raw`1:9 invalid label name for grouping: "\xff"`);
  check('foo{a=~"("}', '1:5 error parsing regexp: missing closing ): `(`');
  check('foo{a=~"x)(y"}', '1:5 error parsing regexp: unexpected ): `x)(y`');
});

describe('type errors', () => {
  const check = (text: string, ...messages: string[]): void => {
    test(text, () => {
      const { problems } = thrown(() => parseExpr(text));
      const got = problems.map(
        ({ position, text: problem }) => `${position.line}:${position.column} ${problem}`,
      );
      expect(got).toEqual(messages);
    });
  };
  check(
    'rate(foo)',
    '1:6 expected type range vector in call to function "rate", got instant vector',
  );
  check('floor(1)', '1:7 expected type instant vector in call to function "floor", got scalar');
  check('floor()', '1:1 expected 1 argument(s) in call to "floor", got 0');
  check('hour(a, b)', '1:1 expected at most 1 argument(s) in call to "hour", got 2');
  check('label_join(a)', '1:1 expected at least 3 argument(s) in call to "label_join", got 1');
  check('topk(a, b)', '1:6 expected type scalar in aggregation parameter, got instant vector');
  check('count_values(5, a)', '1:14 expected type string in aggregation parameter, got scalar');
  check(
    'sum(a[5m])',
    '1:5 expected type instant vector in aggregation expression, got range vector',
  );
  check(
    '-"a"',
    '1:1 unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  );
  check('a[5m][5m:]', '1:1 subquery is only allowed on instant vector, got matrix instead');
  check('1 == 1', '1:3 comparisons between scalars must use BOOL modifier');
  check('a + bool b', '1:3 bool modifier can only be used on comparison operators');
  check('a and 1', '1:1 set operator "and" not allowed in binary scalar expression');
  check(
    '1 or on(x) a',
    '1:1 vector matching only allowed between instant vectors',
    '1:1 set operator "or" not allowed in binary scalar expression',
  );
  check('a and on(x) group_left b', '1:1 no grouping allowed for "and" operation');
  check('a or fill(0) b', '1:1 filling in missing series not allowed for set operators');
  check('a + fill(0) 1', '1:1 filling in missing series only allowed between instant vectors');
  check('a + on(x) group_left(x) b', '1:3 label "x" must not occur in ON and GROUP clause at once');
  check(
    'a[5m] + "x"',
    '1:1 binary expression must contain only scalar and instant vector types',
    '1:9 binary expression must contain only scalar and instant vector types',
  );
  check('{}', '1:1 vector selector must contain at least one non-empty matcher');
  check(
    '{x=~".*"} + {y!="a"}',
    '1:1 vector selector must contain at least one non-empty matcher',
    '1:13 vector selector must contain at least one non-empty matcher',
  );
  check('info(a, b)', '1:9 expected label selectors only, got vector selector instead');
  check('info(a, {b="c"} == 1)', '1:9 expected label selectors only');
  check(
    'floor(rate(a), 1) + sum(1)',
    '1:1 expected 1 argument(s) in call to "floor", got 2',
    '1:12 expected type range vector in call to function "rate", got instant vector',
    '1:25 expected type instant vector in aggregation expression, got scalar',
  );
});

test('the second argument of info may match everything', () => {
  expect(printExpr(parseExpr('info(a, {b=~".*"})'))).toBe('info(a, {b=~".*"})');
});

test('spans', () => {
  const text = 'sum by (a) (rate(foo{x="1"}[5m] offset 1m)) >= bool  2';
  const expr = parseExpr(text) as BinaryExpr;
  const at = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
  expect(at(expr.span)).toBe(text);
  expect(at(expr.operatorSpan)).toBe('>=');
  expect(at(expr.right.span)).toBe('2');
  if (expr.left.kind !== 'aggregate' || expr.left.expr.kind !== 'call') throw new Error('shape');
  expect(at(expr.left.span)).toBe('sum by (a) (rate(foo{x="1"}[5m] offset 1m))');
  const range = expr.left.expr.args[0];
  if (range?.kind !== 'matrix_selector') throw new Error('shape');
  expect(at(range.span)).toBe('foo{x="1"}[5m] offset 1m');
  expect(at(range.selector.span)).toBe('foo{x="1"}');
});

test('metric selectors', () => {
  const show = (text: string): string[] =>
    parseMetricSelector(text).map(({ name, type, value }) => `${name}${type}${value}`);
  expect(show('up{job=~"a|b"}')).toEqual(['__name__=up', 'job=~a|b']);
  expect(show('{"x.y"}')).toEqual(['__name__=x.y']);
  expect(show('{a=""}')).toEqual(['a=']);
  const fails = (text: string): string => thrown(() => parseMetricSelector(text)).message;
  expect(fails('{')).toBe('1:2: parse error: unexpected end of input inside braces');
  expect(fails('up offset 5m')).toContain('unexpected <offset>');
  expect(fails('1')).toBe('1:1: parse error: unexpected number "1"');
  expect(fails('')).toBe('1:1: parse error: unexpected end of input');
  expect(fails('"a long name"')).toBe(
    String.raw`1:1: parse error: unexpected string "\"a long na"...`,
  );
});

describe('bounds', () => {
  test.each([
    ['parentheses', '('.repeat(MAX_QUERY_DEPTH + 1) + '1' + ')'.repeat(MAX_QUERY_DEPTH + 1)],
    ['a chain', Array.from({ length: MAX_QUERY_DEPTH + 2 }, () => 'a').join(' + ')],
    ['signs', '-'.repeat(100_000)],
    ['powers', 'a^'.repeat(50_000)],
    ['subqueries', `a${'[1m:]'.repeat(20_000)}`],
    ['durations', `a[${'('.repeat(100_000)}`],
    ['duration signs', `a offset ${'-'.repeat(100_000)}1`],
    ['calls', 'abs('.repeat(50_000)],
  ])('%s', (_, text) => {
    expect(() => parseExpr(text)).toThrow(
      /nested deeper than 1000 levels|unclosed|duration expression/,
    );
  });

  test('length', () => {
    const text = `1${' '.repeat(MAX_QUERY_LENGTH)}`;
    expect(() => parseExpr(text)).toThrow('query has 262145 characters, the limit is 262144');
  });

  test('a chain below the limit', () => {
    const text = Array.from({ length: MAX_QUERY_DEPTH - 1 }, () => 'a').join(' + ');
    expect(printExpr(parseExpr(text))).toBe(text);
  });
});

function thrown(run: () => unknown): ParseError {
  try {
    run();
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
