import { expect, test } from 'vitest';
import { decodeIdentity, decodeIdentityPairs, unescapeHelp } from './identity.ts';

function check(identity: string, want: Record<string, string>): void {
  const bytes = Buffer.from(`xx${identity} 1\n`);
  const labels = decodeIdentity(bytes, 2, bytes.length - 3);
  expect(labels.toObject(), identity).toEqual(want);
}

function refuse(identity: string, wanted: string): void {
  const bytes = Buffer.from(identity);
  expect(() => decodeIdentity(bytes, 0, bytes.length)).toThrow(wanted);
}

test('labels of plain and of quoted identities', () => {
  check('a', { __name__: 'a' });
  check('a{}', { __name__: 'a' });
  check('a { x = "1" , y="", }', { __name__: 'a', x: '1' });
  check('{"my.metric","l.x"="v"}', { __name__: 'my.metric', 'l.x': 'v' });
  check('{x="1","my.metric"}', { __name__: 'my.metric', x: '1' });
});

test('escapes of label values and of quoted names', () => {
  check(String.raw`a{x="\\ \" \n \z"}`, { __name__: 'a', x: '\\ " \n \\z' });
  check(String.raw`{"q\"n","a\nb"="c"}`, { __name__: 'q"n', 'a\nb': 'c' });
  check(String.raw`a{x="\\n"}`, { __name__: 'a', x: '\\n' });
});

test('names that repeat', () => {
  refuse('a{x="1",x="1"}', 'a label name not used before');
  refuse('a{x="1","x"="2"}', 'a label name not used before');
  refuse('a{__name__="b"}', 'a label name not used before');
  refuse('a{"b"}', 'a label, not a name');
  refuse('{"a",__name__="b"}', 'a label name not used before');
});

test('pairs as written, empty values kept', () => {
  const bytes = Buffer.from('a{z="",b="1"}');
  expect(decodeIdentityPairs(bytes, 0, bytes.length)).toEqual(['__name__', 'a', 'z', '', 'b', '1']);
});

test('HELP texts', () => {
  const bytes = Buffer.from(String.raw`a\nb\\n\"c\x`);
  expect(unescapeHelp(bytes, 0, bytes.length)).toBe('a\nb\\n\\"c\\x');
  expect(unescapeHelp(bytes, 0, bytes.length, 'openmetrics')).toBe('a\nb\\n"c\\x');
});
