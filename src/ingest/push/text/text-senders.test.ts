import { expect, test } from 'vitest';
import { FakeClock } from '../../../util/index.ts';
import { IngestKernel } from '../../kernel/index.ts';
import { TextSenders } from './text-senders.ts';

function senders(): TextSenders {
  return new TextSenders(new IngestKernel({ identityBytes: 2 ** 20, clock: new FakeClock(0) }));
}

test('the same labels are the same sender', () => {
  const all = senders();
  const first = all.ownerFor(['job', 'a']);
  expect(all.ownerFor(['job', 'b'])).not.toBe(first);
  expect(all.ownerFor(['job', 'a'])).toBe(first);
  expect(all.size).toBe(2);
});

test('the longest unused are forgotten, and their memory is given back', () => {
  const all = senders();
  for (let index = 0; index < 64; index++) all.ownerFor(['job', String(index)]);
  const usedBytes = all.kernel.usedBytes;
  all.ownerFor(['job', '0']);
  for (let index = 0; index < 500; index++) all.ownerFor(['job', String(index)]);
  expect(all.size).toBe(64);
  expect(all.kernel.usedBytes).toBe(usedBytes);
});
