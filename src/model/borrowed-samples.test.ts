import { expect, test } from 'vitest';
import { BorrowedSamples, isStaleAt, setStaleAt } from './sample.ts';

function lendable(...samples: readonly (readonly [time: number, value: number])[]): {
  readonly times: Float64Array;
  readonly words: Uint32Array;
} {
  const times = Float64Array.from(samples, ([time]) => time);
  const words = new Uint32Array(Float64Array.from(samples, ([, value]) => value).buffer);
  return { times, words };
}

function held({ timestamps, values, length }: BorrowedSamples): [number, number][] {
  return Array.from({ length }, (_, index) => [timestamps[index] ?? NaN, values[index] ?? NaN]);
}

test('what is lent is not copied, and given back before anything is written', () => {
  const columns = new BorrowedSamples();
  const { times, words } = lendable([1, 10], [2, 20]);
  columns.lend(times, words, 2);
  expect(columns.timestamps).toBe(times);
  expect(held(columns)).toEqual([
    [1, 10],
    [2, 20],
  ]);
  columns.reset();
  columns.push(5, 50);
  expect(held(columns)).toEqual([[5, 50]]);
  expect([...times]).toEqual([1, 2]);
});

test('what comes after a loan, or before it, makes a copy', () => {
  const columns = new BorrowedSamples();
  const first = lendable([1, 10], [2, 20]);
  const other = lendable([3, 30]);
  columns.lend(first.times, first.words, 2);
  columns.append(other.times, other.words, 0, 1);
  first.times.fill(0);
  columns.lend(other.times, other.words, 1);
  expect(held(columns)).toEqual([
    [1, 10],
    [2, 20],
    [3, 30],
    [3, 30],
  ]);
});

test('bits survive, few samples or many', () => {
  for (const count of [1, 16, 17, 100]) {
    const { times, words } = lendable(...Array.from({ length: count }, () => [1, 1] as const));
    setStaleAt(words, count - 1);
    const columns = new BorrowedSamples();
    columns.append(times, words, 0, count);
    expect(isStaleAt(columns.words, count - 1)).toBe(true);
    expect(columns.length).toBe(count);
  }
});
