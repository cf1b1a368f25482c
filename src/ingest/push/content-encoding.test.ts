import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { decodeBody } from './content-encoding.ts';
import { PushRefusedError } from './errors.ts';

const MIB = 1 << 20;

/** Decodes with a budget; says what came of it, and what was asked of the budget. */
async function gunzip(sent: Uint8Array, budgetBytes: number, maxBodyBytes: number) {
  const reserved: number[] = [];
  let released = 0;
  const ticket = {
    expect() {},
    reserve(sizeBytes: number): void {
      reserved.push(sizeBytes);
      if (sum(reserved) > budgetBytes) throw new PushRefusedError(503, 'overloaded', 'no room');
    },
    release() {},
  };
  const body = { bytes: sent, release: () => released++ };
  const options = { maxBodyBytes, ticket, pool: new BufferPool() };
  const result = await decodeBody(body, 'gzip', options).then(
    ({ bytes }) => Buffer.from(bytes),
    (error: unknown) => (error as PushRefusedError).statusCode,
  );
  expect(released).toBe(1);
  return { result, reserved };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

test('what a gzip body becomes is reserved as it grows, not when it is all in memory', async () => {
  const text = Buffer.alloc(8 * MIB, 'metric 1\n');
  const whole = await gunzip(gzipSync(text), 32 * MIB, 32 * MIB);
  expect(text.equals(whole.result as Buffer)).toBe(true);
  expect(sum(whole.reserved)).toBe(text.length);
  const refused = await gunzip(gzipSync(text), MIB, 32 * MIB);
  expect(refused.result).toBe(503);
  expect(sum(refused.reserved)).toBeLessThan(2 * MIB);
  const tooLarge = await gunzip(gzipSync(text), 32 * MIB, MIB);
  expect(tooLarge.result).toBe(413);
  expect(sum(tooLarge.reserved)).toBeLessThan(2 * MIB);
});

test('what is no whole gzip body is refused', async () => {
  const check = async (sent: Uint8Array, want: unknown): Promise<void> => {
    expect((await gunzip(sent, MIB, MIB)).result).toEqual(want);
  };
  const sent = gzipSync('a 1\n');
  await check(sent, Buffer.from('a 1\n'));
  await check(Buffer.concat([sent, sent]), Buffer.from('a 1\na 1\n'));
  await check(sent.subarray(0, -5), 400);
  await check(Buffer.from('a 1\n'), 400);
  await check(new Uint8Array(0), 400);
});
