import { describe, expect, it } from 'vitest';
import { ApiError } from './errors.ts';
import { Params, parseDurationParam, parseTime } from './params.ts';

describe('parseTime', () => {
  const check = (text: string, want: number | undefined) =>
    it(JSON.stringify(text), () => expect(parseTime(text)).toBe(want));
  check('0', 0);
  check('1700009407', 1_700_009_407_000);
  check('1700009407.7891', 1_700_009_407_789);
  check('-1.5', -1500);
  check('1e3', 1_000_000);
  check('2023-11-15T00:50:07Z', 1_700_009_407_000);
  check('2023-11-15T01:50:07.25+01:00', 1_700_009_407_250);
  check('', undefined);
  check('yesterday', undefined);
  check('2023-11-15', undefined);
  check('1e300', undefined);
  check('0x10', undefined);
  check('2024-02-29T00:00:00Z', 1_709_164_800_000);
  check('2023-02-29T00:00:00Z', undefined);
  check('2023-11-15T24:00:00Z', undefined);
  check('2023-11-15T23:59:60Z', undefined);
  check('-292273086-05-16T16:47:06Z', -9_223_372_036_854_000);
  check('+292277025-08-18T07:12:54.999999999Z', 9_223_372_036_854_000);
});

describe('parseDurationParam', () => {
  const check = (text: string, want: number | undefined) =>
    it(JSON.stringify(text), () => expect(parseDurationParam(text)).toBe(want));
  check('15', 15_000);
  check('0.25', 250);
  check('1m30s', 90_000);
  check('-5', -5000);
  check('9223372036', 9_223_372_036_000);
  check('9223372037', undefined);
  check('x', undefined);
  check('', undefined);
});

describe('Params', () => {
  const declared = new Set(['query', 'match[]', 'time', 'timeout', 'limit', 'missing', 'name']);
  const paramsOf = (query: string, form?: string): Params =>
    new Params(
      {
        query: new URLSearchParams(query),
        form: form === undefined ? undefined : new URLSearchParams(form),
        path: { name: 'job' },
      },
      declared,
    );

  it('lets the form win over the URL and joins lists', () => {
    const params = paramsOf('query=a&match[]=x', 'query=b&match[]=y');
    expect(params.text('query')).toBe('b');
    expect(params.all('match[]')).toEqual(['y', 'x']);
    expect(params.text('name')).toBe('job');
  });

  it('names the parameter that cannot be parsed', () => {
    const params = paramsOf('time=yesterday&timeout=x&limit=-1');
    expect(() => params.time('time', 0)).toThrow(ApiError);
    expect(() => params.time('time', 0)).toThrow(
      `invalid parameter "time": Invalid time value for 'time': cannot parse "yesterday" to a valid timestamp`,
    );
    expect(() => params.duration('timeout')).toThrow(
      'invalid parameter "timeout": cannot parse "x" to a valid duration',
    );
    expect(() => paramsOf('timeout=1e30').duration('timeout')).toThrow(
      'invalid parameter "timeout": cannot parse "1e30" to a valid duration. It overflows int64',
    );
    expect(() => params.limit()).toThrow('invalid parameter "limit": limit must be non-negative');
    expect(() => paramsOf('limit=x').limit()).toThrow(
      'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax',
    );
    expect(paramsOf('limit=0').limit()).toBeUndefined();
    expect(paramsOf('limit=12').limit()).toBe(12);
    expect(params.time('missing', 7)).toBe(7);
  });

  it('gives no parameter that the route does not declare', () => {
    expect(() => paramsOf('other=1').text('other')).toThrow('declares no parameter other');
  });
});
