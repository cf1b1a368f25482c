import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { KeptAnswers } from './kept-answers.ts';

/** Writes a list, and counts how often. */
function encoder(list: readonly string[]) {
  const counted = {
    count: 0,
    encode: () => {
      counted.count++;
      return new TextEncoder().encode(JSON.stringify(list));
    },
  };
  return counted;
}

test('a list that comes again is not written again', async () => {
  const kept = new KeptAnswers();
  const list = ['a', 'b'];
  const made = encoder(list);
  const first = await kept.of(list, made.encode);
  expect(Buffer.from(first.data).toString()).toBe('["a","b"]');
  expect(Buffer.from(first.body!).toString()).toBe('{"status":"success","data":["a","b"]}');
  expect(await kept.of(list, made.encode)).toBe(first);
  expect(made.count).toBe(1);
  expect(await kept.of([...list], made.encode)).not.toBe(first);
});

test('what is long enough is compressed, once', async () => {
  const kept = new KeptAnswers();
  const list = Array.from({ length: 100 }, (_, index) => `value ${index}`);
  const made = encoder(list);
  const [one, other] = await Promise.all([
    kept.of(list, made.encode, 1000),
    kept.of(list, made.encode, 1000),
  ]);
  expect(one.isGzipped).toBe(true);
  expect(other.data).toEqual(one.data);
  const body = gunzipSync(one.data).toString();
  expect(JSON.parse(body)).toEqual({ status: 'success', data: list });
  const again = await kept.of(list, made.encode, 1000);
  expect(await kept.of(list, made.encode, 1000)).toBe(again);
  expect((await kept.of(list, made.encode, 1_000_000)).isGzipped).toBeUndefined();
  expect(made.count).toBe(1);
});

test('the answers that are kept are bounded', async () => {
  const kept = new KeptAnswers();
  const first = ['first'];
  const made = encoder(first);
  await kept.of(first, made.encode);
  const long = ['x'.repeat(1 << 21)];
  const tooLong = encoder(long);
  await kept.of(long, tooLong.encode);
  await kept.of(long, tooLong.encode);
  expect(tooLong.count).toBe(2);
  for (let index = 0; index < 8; index++) {
    await kept.of(first, made.encode);
    const other = ['y'.repeat(1_000_000)];
    await kept.of(other, encoder(other).encode);
  }
  expect(made.count).toBe(1);
  for (let index = 0; index < 9; index++) {
    const other = ['y'.repeat(1_000_000)];
    await kept.of(other, encoder(other).encode);
  }
  await kept.of(first, made.encode);
  expect(made.count).toBe(2);
});
