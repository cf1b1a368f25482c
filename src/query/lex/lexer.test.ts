import { describe, expect, test } from 'vitest';
import { numberValue, strayByte, tokenize, unquote } from './index.ts';

/** Tokens as `kind text@start`, without the end. */
function lex(text: string): string[] {
  return tokenize(text)
    .filter(({ kind }) => kind !== 'end')
    .map((token) => `${token.kind} ${token.text}@${token.start}`);
}

function lastToken(text: string): {
  kind: string | undefined;
  text: string | undefined;
  start: number | undefined;
} {
  const last = tokenize(text).at(-1);
  return { kind: last?.kind, text: last?.text, start: last?.start };
}

describe('tokens', () => {
  const check = (input: string, ...want: string[]): void => {
    test(input, () => expect(lex(input)).toEqual(want));
  };
  check('', ...[]);
  check(' # all comment', ...[]);
  check('1 # one\n+ 2', 'number 1@0', 'operator +@8', 'number 2@10');
  check('a:b', 'metric_identifier a:b@0');
  check(':x', 'metric_identifier :x@0');
  check('1_000.5e-3', 'number 1_000.5e-3@0');
  check('0x1F 0X_ab', 'number 0x1F@0', 'number 0X_ab@5');
  check('.5 1. 1.e3', 'number .5@0', 'number 1.@3', 'number 1.e3@6');
  check('5m 1h30m 100ms', 'duration 5m@0', 'duration 1h30m@3', 'duration 100ms@9');
  check('iNf NAN', 'number iNf@0', 'number NAN@4');
  check('SUM by', 'aggregator SUM@0', 'keyword by@4');
  check('a AND b', 'identifier a@0', 'operator AND@2', 'identifier b@6');
  check(
    'a</b>/c<=d',
    'identifier a@0',
    'operator </@1',
    'identifier b@3',
    'operator >/@4',
    'identifier c@6',
    'operator <=@7',
    'identifier d@9',
  );
  check(
    'fill + fill()',
    'identifier fill@0',
    'operator +@5',
    'keyword fill@7',
    'punctuation (@11',
    'punctuation )@12',
  );
  check(
    '{sum=~"x"}',
    'punctuation {@0',
    'identifier sum@1',
    'operator =~@4',
    'string "x"@6',
    'punctuation }@9',
  );
  check(
    'x[5m:STEP()]',
    'identifier x@0',
    'punctuation [@1',
    'duration 5m@2',
    'punctuation :@4',
    'preprocessor STEP@5',
    'punctuation (@9',
    'punctuation )@10',
    'punctuation ]@11',
  );
  check("'it\\'s' `a\\`", "string 'it\\'s'@0", 'string `a\\`@8');
});

describe('what is no token', () => {
  const check = (input: string, message: string, start: number): void => {
    test(input, () =>
      expect(lastToken(input)).toMatchObject({ kind: 'error', text: message, start }),
    );
  };
  check('100..4', 'bad number or duration syntax: "100..4"', 0);
  check('1 + 0deadbeef', 'bad number or duration syntax: "0deadbeef"', 4);
  check('5mm', 'bad number or duration syntax: "5mm"', 0);
  check('1_', 'bad number or duration syntax: "1_"', 0);
  check('1e', 'bad number or duration syntax: "1e"', 0);
  check('((1)', 'unclosed left parenthesis', 4);
  check('(1))', "unexpected right parenthesis ')'", 4);
  check('foo]', "unexpected right bracket ']'", 3);
  check('foo[5m', 'unexpected end of input in duration expression', 6);
  check('foo[5m["', "unexpected left bracket '['", 6);
  check('foo["5m"]', `unexpected character in duration expression: '"'`, 4);
  check('foo[5m x]', "unexpected character in duration expression: 'x'", 7);
  check('{', 'unexpected end of input inside braces', 1);
  check('foo{a:b}', "unexpected character inside braces: ':'", 5);
  check('foo{{', "unexpected left brace '{'", 4);
  check('foo}', "unexpected character: '}'", 3);
  check('1 =~ 1', "unexpected character after '=': '~'", 2);
  check('1 !~ 1', "unexpected character after '!': '~'", 2);
  check('"abc', 'unterminated quoted string', 0);
  check('"a\nb"', 'unterminated quoted string', 0);
  check('`abc', 'unterminated raw string', 0);
  check('"\\c"', "unknown escape sequence U+0063 'c'", 0);
  check('"\\x."', "illegal character U+002E '.' in escape sequence", 0);
  check('"\\', 'escape sequence not terminated', 0);
  check('"\\ud800"', 'escape sequence is an invalid Unicode code point', 0);
  check('"\ud800"', 'invalid UTF-8 rune', 0);
  check('a ☃', "unexpected character: '☃'", 2);
});

test('strings', () => {
  expect(unquote(String.raw`"a\tb\"c\\d"`)).toBe('a\tb"c\\d');
  expect(unquote(String.raw`'it\'s "x"'`)).toBe(`it's "x"`);
  expect(unquote('`a\\n"\'`')).toBe('a\\n"\'');
  expect(unquote(String.raw`"\u2603\U0001F600\101"`)).toBe('☃😀A');
  expect(unquote(String.raw`"\xe2\x98\x83"`)).toBe('☃');
  const stray = unquote(String.raw`"a\xc5z"`);
  expect(stray).toHaveLength(3);
  expect(strayByte(stray.charCodeAt(1))).toBe(0xc5);
  expect(strayByte(stray.charCodeAt(0))).toBeUndefined();
});

test('numbers', () => {
  const check = (text: string, want: number | undefined): void => {
    expect(numberValue(text), text).toBe(want);
  };
  check('42', 42);
  check('1_000', 1000);
  check('0x_1F', 31);
  check('0755', 493);
  check('08', 8);
  check('1.5e3', 1500);
  check('.5', 0.5);
  check('Inf', Infinity);
  check('nan', NaN);
  check('1e999', undefined);
  check('0xffffffffffffffff', undefined);
});
