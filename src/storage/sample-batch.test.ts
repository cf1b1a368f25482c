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
