import { expect, test } from 'vitest';
import { createMatcher, Labels } from '../../model/index.ts';
import { Head } from './head.ts';
import { RemovalCount } from './removal-count.ts';

const LABELS = Labels.fromObject({ __name__: 'm' });
const MATCHERS = [createMatcher('=', '__name__', 'm')];

function headWith(times: readonly number[]): Head {
  const head = new Head({ maxExemplars: 0, shardCount: 1, shardBytes: 1 << 28 });
  const ref = head.series.add(1, LABELS);
  for (const time of times) head.shards[0]!.kernel.insertLate(ref, time, 0, 0);
  expect(head.removals.value).toBe(0);
  return head;
}

test('counts whatever takes samples or series away', () => {
  const deleted = headWith([1, 2, 3]);
  deleted.applyDelete(MATCHERS, { minTime: 2, maxTime: 2 });
  expect(deleted.removals.value).toBeGreaterThan(0);

  const cut = headWith([1, 2, 3]);
  cut.applyCut(1, 3);
  expect(cut.removals.value).toBeGreaterThan(0);

  const gone = headWith([]);
  gone.applyTruncate(0, [1]);
  expect(gone.series.size).toBe(0);
  expect(gone.removals.value).toBeGreaterThan(0);

  const old = headWith([]);
  const times = Float64Array.from({ length: 1000 }, (_, index) => index);
  old.shards[0]!.kernel.restoreSamples(1, times, new Uint32Array(2000), 1000);
  old.applyTruncate(-1, []);
  expect(old.removals.value).toBe(0);
  old.applyTruncate(900, []);
  expect(old.sampleCount).toBeLessThan(1000);
  expect(old.removals.value).toBe(1);
});

test('is the same on every thread', () => {
  const count = new RemovalCount();
  const elsewhere = new RemovalCount(count.buffer);
  count.add();
  expect(elsewhere.value).toBe(1);
});
