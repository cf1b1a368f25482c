import { expect, test } from 'vitest';
import { HIGH_WORD, isStaleAt, LOW_WORD } from '../model/index.ts';
import { SampleBatch } from './sample-batch.ts';

test('a NaN that is pushed as a number has the bits of the wire, also while the batch grows', () => {
  const batch = new SampleBatch(1);
  const values = [1, NaN, -NaN, 0 / 0, -0, Infinity];
  for (const [index, value] of values.entries()) batch.push(7, index, value);
  batch.pushStale(7, values.length);
  for (const index of [1, 2, 3]) {
    expect(batch.words[2 * index + HIGH_WORD]).toBe(0x7ff80000);
    expect(batch.words[2 * index + LOW_WORD]).toBe(1);
  }
  expect([...batch.values.subarray(0, values.length)]).toEqual(values);
  const stale = Array.from({ length: batch.length }, (_, index) => isStaleAt(batch.words, index));
  expect(stale).toEqual([false, false, false, false, false, false, true]);
});

test('columns are taken bit for bit, and added to', () => {
  const source = new SampleBatch(1);
  for (let index = 0; index < 100; index++) source.push(index, index + 1, NaN);
  source.pushStale(100, 101);
  const batch = new SampleBatch(1);
  batch.push(1, 1, 1);
  batch.setColumns(source);
  batch.addColumns(source, 99, 101);
  expect(batch.length).toBe(103);
  expect(isStaleAt(batch.words, 100)).toBe(true);
  expect([...batch.refs.subarray(98, 103)]).toEqual([98, 99, 100, 99, 100]);
  expect(batch.timestamps[102]).toBe(101);
  expect(isStaleAt(batch.words, 102)).toBe(true);
});

test('the memory of a batch that was given back serves another one, which shows nothing of it', () => {
  const first = new SampleBatch();
  for (let index = 0; index < 3000; index++) first.push(index, 2 * index, 3 * index);
  const { refs } = first;
  first.release();
  expect([first.length, first.refs.length]).toEqual([0, 0]);
  const second = new SampleBatch();
  second.reserve(3000);
  expect(second.refs).toBe(refs);
  expect(second.length).toBe(0);
  // Given back twice it serves one at a time all the same.
  second.release();
  second.release();
  first.push(1, 2, NaN);
  second.pushStale(3, 4);
  expect(first.refs).not.toBe(second.refs);
  const third = new SampleBatch();
  third.setColumns(first);
  expect([third.refs[0], third.timestamps[0], third.words[HIGH_WORD]]).toEqual([1, 2, 0x7ff80000]);
  expect([second.refs[0], isStaleAt(second.words, 0)]).toEqual([3, true]);
});
