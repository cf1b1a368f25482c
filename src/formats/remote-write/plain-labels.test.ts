import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareUtf8 } from '../../util/index.ts';
import { PlainLabels } from './plain-labels.ts';

type Pair = readonly [string, string];

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function encode(pairs: readonly Pair[]): Uint8Array {
  const field = (key: number, bytes: Iterable<number>): number[] => {
    const all = [...bytes];
    return [key, ...varint(all.length), ...all];
  };
  const label = ([name, value]: Pair): number[] => [
    ...field(0x0a, Buffer.from(name)),
    ...field(0x12, Buffer.from(value)),
  ];
  return Uint8Array.from(pairs.flatMap((pair) => field(0x0a, label(pair))));
}

function read(labels: PlainLabels, pairs: readonly Pair[]): readonly string[] | undefined {
  // Among other bytes, as in a message.
  const bytes = encode([['x', 'y'], ...pairs, ['x', 'y']]);
  const edge = encode([['x', 'y']]).length;
  return labels.read(bytes, edge, bytes.length - edge);
}

/** What is to come out, by the letter. */
function expected(pairs: readonly Pair[]): readonly string[] | undefined {
  const isAscii = (text: string): boolean => /^[\0-\x7f]+$/.test(text);
  const isPlain = pairs.every(
    ([name, value], index) =>
      isAscii(name) &&
      isAscii(value) &&
      (index === 0 || compareUtf8(pairs[index - 1]![0], name) < 0),
  );
  return isPlain && pairs.some(([name]) => name === '__name__') ? pairs.flat() : undefined;
}

const NAME = fc.constantFrom('__name__', 'a', 'b', 'c', 'job', '', 'é');
const VALUE = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('up', 'x', 'y', '__name__', 'v'.repeat(120)) },
  fc.constantFrom('', 'ü', 'w'.repeat(250), 'z'.repeat(300), 'q'.repeat(17_000)),
);
const SERIES = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(NAME, VALUE, { maxKeys: 6 }).map(sorted) },
  fc.array(fc.tuple(NAME, VALUE), { maxLength: 5 }),
);

function sorted(labels: Record<string, string>): Pair[] {
  return Object.entries({ ...labels, __name__: 'up' }).sort(([a], [b]) => compareUtf8(a, b));
}

test('labels are read as they are sent, whatever the series before them had', () => {
  fc.assert(
    fc.property(fc.array(SERIES, { maxLength: 12 }), (all) => {
      const labels = new PlainLabels();
      for (const pairs of all) {
        const found = read(labels, pairs);
        // A label of more than 16 KiB has a length of three bytes, which is left to others.
        const isLong = pairs.some(([, value]) => value.length > 16_000);
        expect(found).toEqual(isLong ? undefined : expected(pairs));
      }
    }),
    { numRuns: 500 },
  );
});

test('bytes that are cut off or changed are not taken for labels', () => {
  const whole = encode([
    ['__name__', 'up'],
    ['job', 'a'],
    ['zone', 'eu'],
  ]);
  fc.assert(
    fc.property(
      fc.nat(whole.length - 1),
      fc.nat(255),
      fc.nat(whole.length),
      (place, byte, length) => {
        const bytes = whole.slice();
        bytes[place] = byte;
        const labels = new PlainLabels();
        labels.read(whole, 0, whole.length);
        // The same as without having seen the whole before.
        expect(labels.read(bytes, 0, length)).toEqual(new PlainLabels().read(bytes, 0, length));
      },
    ),
    { numRuns: 2000 },
  );
});

test('more labels than places are kept for', () => {
  const labels = new PlainLabels();
  const pairs: Pair[] = Array.from({ length: 100 }, (_, index) => [`l${100 + index}`, `${index}`]);
  pairs.unshift(['__name__', 'up']);
  expect(read(labels, pairs)).toEqual(pairs.flat());
  const others = pairs.map(([name, value], index): Pair => [name, index > 90 ? 'x' : value]);
  expect(read(labels, others)).toEqual(others.flat());
});
