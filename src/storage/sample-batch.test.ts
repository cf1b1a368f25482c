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
