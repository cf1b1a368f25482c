import { describe, expect, it } from 'vitest';
import { formatSize, parseSize } from './size.ts';

describe('parseSize', () => {
  const check = (text: string, want: number | undefined) =>
    it(JSON.stringify(text), () => expect(parseSize(text)).toBe(want));
  check('0', 0);
  check('100', 100);
  check('100B', 100);
  check('1KB', 1024);
  check('15mb', 15 * 1024 * 1024);
  check('1.5GiB', 1.5 * 1024 ** 3);
  check('1XB', undefined);
  check('-1', undefined);
  check('', undefined);
  check('9000PB', undefined);
});

describe('formatSize', () => {
  it('is the shortest exact form, and parses back', () => {
    expect([0, 1500, 1024, 32 * 1024 ** 2, 3 * 1024 ** 4].map(formatSize)).toEqual([
      '0B',
      '1500B',
      '1KB',
      '32MB',
      '3TB',
    ]);
    expect(parseSize(formatSize(123_456_789))).toBe(123_456_789);
  });
});
