import { expect, test } from 'vitest';
import type { Stream } from '../../formats/tide/index.ts';
import { MemoryRing } from './memory-ring.ts';
import type { RingRecord } from './record.ts';

function record(seq: number, stream: Stream = 1): RingRecord {
  const payload = new Uint8Array(8);
  return {
    sealed: { type: 'BATCH', stream, seq, epoch: 5, codec: 0, payload },
    sealedMs: seq,
    sizeBytes: 10,
  };
}

test('finds what it holds by stream and number, and nothing that left', () => {
  const ring = new MemoryRing(false);
  for (let seq = 1; seq <= 5000; seq++) {
    ring.push(record(seq));
    if (seq % 100 === 0) ring.push(record(seq / 100, 0));
  }
  for (let gone = 0; gone < 3030; gone++) ring.dropOldest();
  expect(ring.first(1)).toBe(3001);
  expect(ring.first(0)).toBe(31);
  for (const seq of [1, 1500, 3000, 5001]) expect(ring.find(1, seq)).toBeUndefined();
  for (const seq of [3001, 4000, 5000]) expect(ring.find(1, seq)?.sealed.seq).toBe(seq);
  expect(ring.find(0, 30)).toBeUndefined();
  expect(ring.find(0, 50)?.sealed).toMatchObject({ stream: 0, seq: 50 });
  expect(ring.sizeBytes).toBe(10 * (5050 - 3030));
});

test('what is saved, or left before it could be, is not to be saved again', () => {
  const ring = new MemoryRing(true);
  for (let seq = 1; seq <= 6; seq++) ring.push(record(seq));
  const pending = ring.unsaved().slice(0, 3);
  ring.dropOldest();
  ring.saved(pending);
  expect(ring.unsaved().map(({ record: { sealed } }) => sealed.seq)).toEqual([4, 5, 6]);
  for (let gone = 0; gone < 4; gone++) ring.dropOldest();
  expect(ring.unsaved().map(({ record: { sealed } }) => sealed.seq)).toEqual([6]);
});
