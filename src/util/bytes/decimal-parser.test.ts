import { expect, test } from 'vitest';
import { DecimalParser } from './decimal-parser.ts';

/** Value and characters read, or undefined where no number begins. */
function parse(text: string): [number, number] | undefined {
  const parser = new DecimalParser();
  const bytes = Buffer.from(`xx${text}`);
  const after = parser.parse(bytes, 2, bytes.length);
  return after < 0 ? undefined : [parser.value, after - 2];
}

function check(text: string, value: number, length = text.length): void {
  expect(parse(text), text).toEqual([value, length]);
}

test('decimal forms', () => {
  for (const text of [
    '0',
    '1',
    '42',
    '1.5',
    '.5',
    '5.',
    '+7',
    '-7',
    '1e3',
    '1E+3',
    '1e-3',
    '007',
  ]) {
    check(text, Number(text));
  }
  check('-0', -0);
  check('0e999999999999', 0);
});

test('the nearest double, beyond what a fast path may do', () => {
  for (const text of [
    '9007199254740991',
    '9007199254740993',
    '9223372036854775808',
    '0.1',
    '36.611000000000004',
    '1.7953667022364976e+09',
    '1e22',
    '1e23',
    '123456789012345678901234567890',
    '4.9e-324',
    '2.2250738585072014e-308',
    '1.7976931348623157e308',
    '0.000000000000000000000000000001',
    '1234567890.0987654321',
  ]) {
    check(text, Number(text));
  }
});

test('what overflows is infinite', () => {
  check('1e400', Infinity);
  check('-1e99999999999', -Infinity);
  check('1e-400', 0);
});

test('words in any case', () => {
  for (const text of ['NaN', 'nan', 'NAN']) check(text, NaN);
  for (const text of ['Inf', '+Inf', 'inf', '+infinity', 'INFINITY']) check(text, Infinity);
  for (const text of ['-Inf', '-infinity']) check(text, -Infinity);
});

test('reads as far as the number goes', () => {
  check('1 2', 1, 1);
  check('0x10', 0, 1);
  check('1_000', 1, 1);
  check('1.1.1', 1.1, 3);
  check('infinite', Infinity, 3);
});

test('no number', () => {
  for (const text of [
    '',
    '-',
    '+',
    '.',
    'e5',
    'z',
    '-NaN',
    '+nan',
    'in',
    'na',
    '1e',
    '1e+',
    '--1',
  ]) {
    expect(parse(text), text).toBeUndefined();
  }
});

test('reads no byte beyond the end', () => {
  const parser = new DecimalParser();
  const bytes = Buffer.from('12345');
  expect(parser.parse(bytes, 0, 3)).toBe(3);
  expect(parser.value).toBe(123);
  expect(parser.parse(Buffer.from('infinity'), 0, 5)).toBe(3);
});
