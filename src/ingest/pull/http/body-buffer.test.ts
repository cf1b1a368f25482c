import { expect, test } from 'vitest';
import { BodyBufferPool, SharedBodyBytes } from './body-buffer.ts';

const MIB = 1024 * 1024;

test('large bodies share a bound, small ones need not ask', () => {
  const shared = new SharedBodyBytes(48 * MIB);
  const pool = new BodyBufferPool(shared);
  const fill = (mebibytes: number) => {
    const buffer = pool.acquire();
    buffer.reset(0);
    const chunk = new Uint8Array(MIB).fill(mebibytes);
    for (let index = 0; index < mebibytes; index++) buffer.append(chunk);
    return buffer;
  };
  const first = fill(40);
  expect(first.length).toBe(40 * MIB);
  expect(first.bytes[40 * MIB - 1]).toBe(40);
  expect(() => fill(40)).toThrow(/body size limit exceeded: .* share 50331648 bytes/);
  expect(fill(16).length).toBe(16 * MIB);
  pool.release(first);
  expect(fill(40).length).toBe(40 * MIB);
});

test('what a failed body held is given back', () => {
  const shared = new SharedBodyBytes(48 * MIB);
  const pool = new BodyBufferPool(shared);
  const buffer = pool.acquire();
  buffer.reset(20 * MIB);
  const chunk = new Uint8Array(MIB);
  expect(() => {
    for (let index = 0; index < 30; index++) buffer.append(chunk);
  }).toThrow('body size limit exceeded');
  expect(shared.heldBytes).toBeGreaterThan(0);
  pool.release(buffer);
  expect(shared.heldBytes).toBe(0);
  const again = pool.acquire();
  again.reset(0);
  again.append(chunk);
  expect(again.length).toBe(MIB);
});
