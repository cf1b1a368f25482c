import { expect, test } from 'vitest';
import { ClockSkew } from './clock-skew.ts';

test('a clock that is apart by more than the bound is said once, with which way', () => {
  const said: [unknown, string][] = [];
  const skew = new ClockSkew(1000, {
    warn: (fields: object, text: string) => said.push([fields, text]),
  });
  skew.look(undefined, undefined);
  skew.look(900, 2);
  // It may be as little as 900 ms: the way there took long.
  skew.look(1900, 2000);
  expect(said).toEqual([]);
  for (let time = 0; time < 3; time++) skew.look(5000, 20);
  expect(said).toEqual([
    [
      { apart: '5s', want: expect.stringContaining('clock_skew_warn_ms') as unknown },
      expect.stringContaining('is ahead of') as unknown,
    ],
  ]);
  skew.look(800, 0);
  skew.look(5000, 0);
  expect(said).toHaveLength(1);
  skew.look(0, 0);
  skew.look(-2000, 0);
  expect(said[1]?.[1]).toContain('is behind');
  const silent = new ClockSkew(0, { warn: () => expect.fail('said') });
  silent.look(1e9, 0);
});
