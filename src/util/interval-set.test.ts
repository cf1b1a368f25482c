import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from './bytes/byte-reader.ts';
import { ByteWriter } from './bytes/byte-writer.ts';
import { IntervalSet } from './interval-set.ts';

describe('IntervalSet', () => {
  test('joins ranges that touch and splits those that are cut', () => {
    const set = IntervalSet.of([1, 3], [7, 9]);
    expect(set.add(4, 6)).toBe(3);
    expect(set.ranges()).toEqual([{ from: 1, to: 9 }]);
    expect(set.remove(4, 5)).toBe(2);
    expect(set.ranges()).toEqual([
      { from: 1, to: 3 },
      { from: 6, to: 9 },
    ]);
    expect(set.add(2, 7)).toBe(2);
    expect(set.size).toBe(9);
  });

  test('an empty range changes nothing and is covered', () => {
    const set = IntervalSet.of([5, 5]);
    expect(set.add(3, 2)).toBe(0);
    expect(set.remove(6, 5)).toBe(0);
    expect(set.covers(9, 8)).toBe(true);
    expect(set.ranges()).toEqual([{ from: 5, to: 5 }]);
  });

  test('gaps and ranges are cut at what was asked for', () => {
    const set = IntervalSet.of([3, 5], [8, 8]);
    expect(set.gaps(1, 9)).toEqual([
      { from: 1, to: 2 },
      { from: 6, to: 7 },
      { from: 9, to: 9 },
    ]);
    expect(set.gaps(4, 5)).toEqual([]);
    expect(set.ranges(4, 8)).toEqual([
      { from: 4, to: 5 },
      { from: 8, to: 8 },
    ]);
    expect(set.contiguousFrom(3)).toBe(5);
    expect(set.contiguousFrom(6)).toBe(5);
  });

  test('behaves as a set of numbers', () => {
    const change = fc.record({
      add: fc.boolean(),
      from: fc.nat(40),
      length: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.nat(40), fc.nat(45), (changes, a, b) => {
        const set = new IntervalSet();
        const model = new Set<number>();
        for (const { add, from, length } of changes) {
          const before = model.size;
          for (let value = from; value < from + length; value++) {
            if (add) model.add(value);
            else model.delete(value);
          }
          const to = from + length - 1;
          const changed = add ? set.add(from, to) : -set.remove(from, to);
          expect(changed + 0).toBe(model.size - before);
        }
        expect(set.size).toBe(model.size);
        const within = [...model].filter((value) => value >= a && value <= b);
        expect(set.countIn(a, b)).toBe(within.length);
        const wanted: number[] = [];
        for (let value = a; value <= b; value++) if (!model.has(value)) wanted.push(value);
        expect(set.gaps(a, b).flatMap(numbers)).toEqual(wanted);
        expect(set.covers(a, b)).toBe(b < a || wanted.length === 0);
        expect(set.has(a)).toBe(model.has(a));
        const ranges = set.ranges();
        for (const [index, range] of ranges.entries()) {
          const next = ranges[index + 1];
          if (next !== undefined) expect(next.from).toBeGreaterThan(range.to + 1);
        }
      }),
    );
  });

  test('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.maxSafeNat(), fc.nat(1000))), (ranges) => {
        const set = new IntervalSet();
        for (const [from, length] of ranges) {
          set.add(from, Math.min(Number.MAX_SAFE_INTEGER, from + length));
        }
        const writer = new ByteWriter();
        set.encode(writer);
        const reader = new ByteReader(writer.written());
        expect(IntervalSet.decode(() => reader.uint()).ranges()).toEqual(set.ranges());
        expect(reader.remaining).toBe(0);
      }),
    );
  });
});

function numbers({ from, to }: { from: number; to: number }): number[] {
  return Array.from({ length: to - from + 1 }, (_unused, index) => from + index);
}
