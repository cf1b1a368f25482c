import { expect, test } from 'vitest';
import { isUtf8, latin1Text, utf8Text } from './byte-text.ts';

test('text of a range, of a Buffer or a plain array that is a part of another', () => {
  const buffer = Buffer.from('xxgröße€yy');
  const plain = new Uint8Array(buffer.buffer, buffer.byteOffset + 1, buffer.length - 1);
  expect(utf8Text(buffer, 2, buffer.length - 2)).toBe('größe€');
  expect(utf8Text(plain, 1, plain.length - 2)).toBe('größe€');
  expect(latin1Text(plain, 1, 3)).toBe('gr');
});

test('UTF-8 is well-formed or not', () => {
  const check = (hex: string, want: boolean): void => {
    const bytes = Buffer.from(hex, 'hex');
    expect(isUtf8(bytes, 0, bytes.length), hex).toBe(want);
  };
  for (const good of ['', '61', 'c3bc', 'e282ac', 'f09f9880', 'efbfbf', 'f48fbfbf', 'ed9fbf']) {
    check(good, true);
  }
  for (const bad of [
    '80',
    'bd',
    'c3',
    'c0af',
    'c1bf',
    'e0809f',
    'e282',
    'eda080',
    'f08080af',
    'f4908080',
    'f5808080',
    'ff',
    'e28261',
    'c3bcbc',
  ]) {
    check(bad, false);
  }
});

test('a character cut off by the end of the range is not well-formed', () => {
  const bytes = Buffer.from('€');
  expect(isUtf8(bytes, 0, 2)).toBe(false);
});
