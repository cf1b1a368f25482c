import { expect, test } from 'vitest';
import { ByteWriter } from '../../util/index.ts';
import { decodeLabels } from './labels.ts';

function encode(pairs: readonly (readonly [string | Buffer, string | Buffer])[]): Uint8Array {
  const writer = new ByteWriter();
  for (const [name, value] of pairs) {
    const label = new ByteWriter();
    for (const [key, text] of [
      [0x0a, name],
      [0x12, value],
    ] as const) {
      const bytes = Buffer.from(text);
      label.uint(key);
      label.uint(bytes.length);
      label.bytes(bytes);
    }
    writer.uint(0x0a);
    writer.uint(label.length);
    writer.bytes(label.written());
  }
  return writer.written();
}

function decode(pairs: readonly (readonly [string | Buffer, string | Buffer])[]) {
  const bytes = encode(pairs);
  return decodeLabels(bytes, 0, bytes.length);
}

test('a label set as it should be', () => {
  const { labels, problem } = decode([
    ['__name__', 'up'],
    ['größe', '€'],
    ['job', 'a'],
  ]);
  expect(problem).toBeUndefined();
  expect(labels.toObject()).toEqual({ __name__: 'up', job: 'a', größe: '€' });
});

test('problems, the worst of several', () => {
  const check = (pairs: readonly (readonly [string | Buffer, string | Buffer])[], want: string) => {
    expect(decode(pairs).problem?.kind).toBe(want);
  };
  check([], 'missing_metric_name');
  check([['a', 'b']], 'missing_metric_name');
  check([['__name__', '']], 'missing_metric_name');
  check(
    [
      ['__name__', 'up'],
      ['a', ''],
    ],
    'empty_value',
  );
  check(
    [
      ['__name__', 'up'],
      ['', 'b'],
    ],
    'empty_name',
  );
  check(
    [
      ['a', 'b'],
      ['__name__', 'up'],
    ],
    'unsorted',
  );
  check(
    [
      ['__name__', 'up'],
      ['b', '1'],
      ['a', ''],
    ],
    'unsorted',
  );
  check(
    [
      ['__name__', 'up'],
      ['a', '1'],
      ['a', '1'],
    ],
    'duplicate_name',
  );
  check(
    [
      ['__name__', 'up'],
      ['b', '1'],
      ['a', '1'],
      ['b', '1'],
    ],
    'duplicate_name',
  );
  check(
    [
      ['__name__', 'up'],
      ['a', Buffer.from([0xbd])],
      ['a', '1'],
    ],
    'invalid_utf8',
  );
  check(
    [
      ['__name__', 'up'],
      [Buffer.from([0xc3]), '1'],
    ],
    'invalid_utf8',
  );
});

test('labels out of order, and empty ones, come out in order', () => {
  const { labels } = decode([
    ['z', '1'],
    ['a', ''],
    ['__name__', 'up'],
  ]);
  expect(labels.pairs).toEqual(['__name__', 'up', 'z', '1']);
});

test('bytes that are no labels', () => {
  const check = (text: string, problem: string): void => {
    const bytes = Buffer.from(text, 'hex');
    expect(() => decodeLabels(bytes, 0, bytes.length)).toThrow(problem);
  };
  check('1200', 'field key 18 among the labels');
  check('0a040a0261', 'a field of 4 bytes, 3 being left');
  check('0a0208 01'.replace(' ', ''), 'wire type 0 for field 1');
});
