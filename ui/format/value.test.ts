import { expect, test } from 'vitest';
import type { Unit } from './unit.ts';
import { formatCount, formatValue, parseValue } from './value.ts';

test.each<[number, Unit, string]>([
  [0, 'number', '0'],
  [1234.5, 'number', '1235'],
  [12345, 'number', '12.35k'],
  [2_500_000, 'number', '2.5M'],
  [0.25, 'number', '0.25'],
  [0.0000125, 'number', '12.5µ'],
  [-12345, 'number', '−12.35k'],
  [999_999, 'number', '1M'],
  [3e25, 'number', '3.000e+25'],
  [Number.NaN, 'seconds', 'NaN'],
  [Number.POSITIVE_INFINITY, 'bytes', '+Inf'],
  [0, 'seconds', '0 s'],
  [0.00000012, 'seconds', '120 ns'],
  [0.0123456, 'seconds', '12.35 ms'],
  [1.5, 'seconds', '1.5 s'],
  [90, 'seconds', '1m 30s'],
  [3600, 'seconds', '1h'],
  [7500, 'seconds', '2h 5m'],
  [100_000, 'seconds', '1d 3h'],
  [-90, 'seconds', '−1m 30s'],
  [512, 'bytes', '512 B'],
  [1536, 'bytes', '1.5 KiB'],
  [1610612736, 'bytes', '1.5 GiB'],
  [2048, 'bytes/s', '2 KiB/s'],
  [0.982, 'ratio', '98.2 %'],
  [42.5, 'percent', '42.5 %'],
])('%d %s reads %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

test('a timestamp reads as local time', () => {
  const date = new Date(2026, 2, 4, 5, 6, 7);
  expect(formatValue(date.getTime() / 1000, 'timestamp')).toBe('2026-03-04 05:06:07');
});

test('values of the API parse', () => {
  expect(parseValue('+Inf')).toBe(Number.POSITIVE_INFINITY);
  expect(parseValue('-Inf')).toBe(Number.NEGATIVE_INFINITY);
  expect(parseValue('NaN')).toBeNaN();
  expect(parseValue('1.5e+3')).toBe(1500);
});

test('counts have thin spaces between thousands', () => {
  expect(formatCount(1234567)).toBe('1\u202f234\u202f567');
  expect(formatCount(999)).toBe('999');
});
