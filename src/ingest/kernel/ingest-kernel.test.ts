import { describe, expect, it } from 'vitest';
import { KernelMemoryError } from '../../kernel/index.ts';
import { FakeClock } from '../../util/index.ts';
import { fillInput, IngestKernel, messageBytes } from './ingest-kernel.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;

/** Scans lines named `m…`; the number of those that were not known. */
function scan(kernel: IngestKernel, owner: number, numbers: readonly number[]): number {
  const bytes = Buffer.from(numbers.map((number) => `m${number} 1\n`).join(''));
  return kernel.use((body) => {
    fillInput(body, bytes);
    body.useInput();
    const status = body.scanText(owner, { format: 'text', defaultTimestamp: 1 });
    if (!status.ok) throw new Error(status.code);
    const unknown = body.unknownCount;
    for (let index = 0; index < unknown; index++) {
      const { start, end } = body.unknown(index);
      const name = Buffer.from(body.bytes().subarray(start, end)).toString();
      body.resolve(index, Number(name.slice(1)));
    }
    return unknown;
  });
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('the ingest kernel', () => {
  it('forgets names that were not seen for two periods, and no others', async () => {
    const clock = new FakeClock(0);
    const kernel = new IngestKernel({ identityBytes: MIB, clock });
    const owner = kernel.openOwner(kernel.newContext(), false);
    expect(scan(kernel, owner, range(1, 501))).toBe(500);
    for (let hour = 0; hour < 4; hour++) {
      await clock.advance(HOUR_MS);
      for (let body = 0; body < 64; body++) scan(kernel, owner, range(1, 101));
    }
    expect(kernel.identityCount).toBe(100);
    expect(scan(kernel, owner, range(1, 101))).toBe(0);
    expect(scan(kernel, owner, range(401, 501))).toBe(100);
  });

  it('keeps to its bound of names while they come and go', () => {
    const kernel = new IngestKernel({ identityBytes: 56 * 1000, clock: new FakeClock(0) });
    const owner = kernel.openOwner(kernel.newContext(), false);
    let most = 0;
    for (let body = 0; body < 2000; body++) {
      scan(kernel, owner, [...range(1, 11), ...range(100 + 10 * body, 110 + 10 * body)]);
      most = Math.max(most, kernel.identityCount);
    }
    // Ten new names in each of the 32 bodies between two looks; all are young at the first one.
    expect(most).toBeLessThanOrEqual(1000 + 2 * 320);
    expect(scan(kernel, owner, range(1, 11))).toBe(0);
  });

  it('looks names up anew whose series are gone', () => {
    const kernel = new IngestKernel({ identityBytes: MIB, clock: new FakeClock(0) });
    const owner = kernel.openOwner(kernel.newContext(), false);
    scan(kernel, owner, range(1, 11));
    kernel.forgetRefs(Uint32Array.of(3, 7));
    expect(scan(kernel, owner, range(1, 11))).toBe(2);
  });

  it('gives large areas back, also those of work that throws', () => {
    const kernel = new IngestKernel({ identityBytes: MIB, clock: new FakeClock(0) });
    kernel.use((body) => fillInput(body, Buffer.from('a 1\n')));
    const usedBytes = kernel.usedBytes;
    const large = new Uint8Array(20 * MIB).fill(0x0a);
    const size = kernel.use((body) => {
      fillInput(body, large);
      body.useInput();
      return messageBytes(body).length;
    });
    expect(size).toBe(large.length);
    expect(() => kernel.use(() => fail(large.length))).toThrow('work');
    expect(kernel.usedBytes).toBeLessThanOrEqual(usedBytes);
    // What it had to grow to it keeps, as a memory of WebAssembly cannot shrink.
    expect(kernel.memoryBytes).toBeGreaterThan(large.length);
  });

  it('tells what its memory holds', () => {
    const kernel = new IngestKernel({ identityBytes: MIB, clock: new FakeClock(0) });
    const before = kernel.memoryByKind().identities;
    const owner = kernel.openOwner(kernel.newContext(), false);
    scan(kernel, owner, range(1, 1001));
    expect(kernel.identityCount).toBe(1000);
    expect(kernel.memoryByKind().identities).toBeGreaterThan(before + 1000 * 16);
    expect(kernel.memoryBytes).toBeGreaterThanOrEqual(kernel.usedBytes);
  });

  it('refuses a body for which there is no room, and goes on', () => {
    const clock = new FakeClock(0);
    const kernel = new IngestKernel({ identityBytes: MIB, clock, maxBytes: 4 * MIB });
    const owner = kernel.openOwner(kernel.newContext(), false);
    const large = new Uint8Array(8 * MIB);
    expect(() => kernel.use((body) => fillInput(body, large))).toThrow(KernelMemoryError);
    expect(scan(kernel, owner, range(1, 11))).toBe(10);
  });
});

function fail(sizeBytes: number): never {
  throw new Error(`work on ${sizeBytes} bytes`);
}
