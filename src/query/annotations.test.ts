import { expect, test } from 'vitest';
import { Annotations, goGeneral, plainDecimal } from './annotations.ts';
import { ForcedMonotonicityDetail } from './exec/monotonicity.ts';

test('numbers in texts', () => {
  const check = (value: number, want: string): void => expect(goGeneral(value)).toBe(want);
  check(0, '0');
  check(-0, '-0');
  check(1.5, '1.5');
  check(123456, '123456');
  check(1e6, '1e+06');
  check(0.0001, '0.0001');
  check(0.00001234, '1.234e-05');
  check(-Infinity, '-Inf');
  check(NaN, 'NaN');
});

test('plain decimals have no exponent', () => {
  const check = (value: number, want: string): void => expect(plainDecimal(value)).toBe(want);
  check(1.25e-7, '0.000000125');
  check(-1e21, '-1000000000000000000000');
  check(1.5e22, '15000000000000000000000');
  check(0.1, '0.1');
});

test('equal texts are kept once, with the newest place', () => {
  const annotations = new Annotations();
  annotations.warn('x', { start: 0, end: 1 });
  annotations.warn('x', { start: 4, end: 5 });
  annotations.info('x', { start: 2, end: 3 });
  expect(annotations.texts('warning', 'a\nb c')).toEqual(['PromQL warning: x (2:3)']);
  expect(annotations.texts('info', 'a\nb c')).toEqual(['PromQL info: x (2:1)']);
});

test('details add up', () => {
  const annotations = new Annotations();
  const span = { start: 0, end: 1 };
  const detail = (bucket: number, diff: number, time: number) =>
    new ForcedMonotonicityDetail({ minBucket: bucket, maxBucket: bucket, maxDiff: diff }, time);
  annotations.info('fixed', span, detail(1, 0.126, 60_000));
  annotations.info('fixed', span, detail(5, 2, 0));
  expect(annotations.texts('info', 'q')).toEqual([
    'PromQL info: fixed, from buckets 1 to 5, with a max diff of 2, over 2 samples ' +
      'from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z (1:1)',
  ]);
});
