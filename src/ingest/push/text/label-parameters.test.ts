import { expect, test } from 'vitest';
import { PushRefusedError } from '../errors.ts';
import { parsePushParameters } from './label-parameters.ts';

test('labels come sorted, percent-encoding and plus signs decoded', () => {
  expect(parsePushParameters('job=a+b%2Fc&instance=%C3%A9&empty=&&bare')).toEqual({
    labelPairs: ['bare', '', 'empty', '', 'instance', 'é', 'job', 'a b/c'],
    timestamp: undefined,
  });
  expect(parsePushParameters('')).toEqual({ labelPairs: [], timestamp: undefined });
});

test('times are milliseconds or RFC 3339', () => {
  const check = (query: string, wanted: number): void => {
    expect(parsePushParameters(query).timestamp).toBe(wanted);
  };
  check('timestamp=-1', -1);
  check('timestamp=1700000000000', 1_700_000_000_000);
  check('timestamp=2023-11-14T22:13:20Z', 1_700_000_000_000);
  check('timestamp=2023-11-15T00:13:20.5%2B02:00', 1_700_000_000_500);
  check('timestamp=2023-11-15T00:13:20.5+02:00', 1_700_000_000_500);
  check('timestamp=2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29));
});

test('what is wrong is refused by name, and nothing is replaced or overlooked', () => {
  const check = (query: string, wanted: string): void => {
    expect(() => parsePushParameters(query)).toThrow(PushRefusedError);
    expect(() => parsePushParameters(query)).toThrow(wanted);
  };
  check('job=%ff', 'parameter "job" is not UTF-8');
  check('job=%zz', 'parameter "job" is not UTF-8');
  check('job=a&job=b', 'parameter "job" is there twice');
  check('timestamp=1&timestamp=2', 'parameter "timestamp" is there twice');
  check('timestamp=', 'is "", wanted milliseconds');
  check('timestamp=1e3', 'wanted milliseconds');
  check('timestamp=9999999999999999', 'wanted milliseconds');
  check('timestamp=2023-02-31T00:00:00Z', 'wanted milliseconds');
  check('timestamp=2023-02-29T00:00:00Z', 'wanted milliseconds');
  check('timestamp=2023-13-01T00:00:00Z', 'wanted milliseconds');
  check('__name__=x', 'is no label name');
  check('a-b=x', 'is no label name');
});
