import { describe, expect, test } from 'vitest';
import { SeenValues } from './seen-values.ts';

const TEXTS = ['', 'b', 'a', '\u{1f600}', '\uff5e', 'ab'];
const textOf = (pair: number): string => TEXTS[pair]!;

function seen(...pairs: number[]): SeenValues {
  return SeenValues.NONE.with(Uint32Array.from(pairs), textOf);
}

/** Each with a sample at the time that is its pair's number. */
function noted(values: SeenValues): SeenValues {
  for (const [index, pair] of values.pairs.entries()) values.note(index, pair);
  expect(values.part(new Uint8Array(values.length).fill(1))).toBe(values.texts);
  return values;
}

describe('values that were seen', () => {
  test('are in the order of their bytes, whenever they came', () => {
    const texts = ['a', 'ab', 'b', '\uff5e', '\u{1f600}'];
    expect(seen(1, 2, 3, 4, 5).texts).toEqual(texts);
    const grown = seen(4, 2).with(Uint32Array.of(3, 1, 5), textOf);
    expect(grown.texts).toEqual(texts);
    expect([...grown.pairs]).toEqual([2, 5, 1, 4, 3]);
  });

  test('are within times that all their samples are within', () => {
    const values = noted(seen(1, 2, 3));
    expect(values.areWithin(1, 3)).toBe(true);
    expect(values.areWithin(-Infinity, Infinity)).toBe(true);
    expect(values.areWithin(2, 3)).toBe(false);
    expect(values.areWithin(1, 2)).toBe(false);
    expect([...values.others(2, 2)]).toEqual([1, 3]);
    expect([...values.others(1, 3)]).toEqual([]);
  });

  test('are not known to be where no sample was seen, or not when', () => {
    expect(seen(1, 2).areWithin(-Infinity, Infinity)).toBe(false);
    expect([...seen(1, 2).others(-Infinity, Infinity)]).toEqual([2, 1]);
    const values = noted(seen(1, 2));
    values.note(0, NaN);
    values.part(Uint8Array.of(1, 1));
    expect(values.areWithin(-Infinity, Infinity)).toBe(false);
    const grown = noted(seen(1, 2)).with(Uint32Array.of(5), textOf);
    expect(grown.areWithin(-Infinity, Infinity)).toBe(false);
    expect([...grown.others(1, 2)]).toEqual([5]);
  });

  test('give the same list for the same part', () => {
    const values = seen(1, 2, 3);
    const part = values.part(Uint8Array.of(1, 0, 1));
    expect(part).toEqual(['a', '\u{1f600}']);
    expect(values.part(Uint8Array.of(1, 0, 1))).toBe(part);
    expect(values.part(Uint8Array.of(0, 1, 1))).toEqual(['b', '\u{1f600}']);
    expect(values.part(Uint8Array.of(0, 0, 0))).toEqual([]);
  });
});
