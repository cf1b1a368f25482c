import { describe, expect, it } from 'vitest';
import { createKernel, DROPPED_REF, type Kernel, KERNEL_KEY_BYTES } from './index.ts';

const encoder = new TextEncoder();

function foreignKernel(): Kernel {
  const key = Uint8Array.from({ length: KERNEL_KEY_BYTES }, (_, index) => index * 5 + 1);
  return createKernel({ maxBytes: 2 ** 24, key, foreignSeries: true });
}

/** Scans series by name, resolving unknown `m<number>` to that number; how many were unknown. */
function scan(kernel: Kernel, owner: number, names: readonly string[]): number {
  const body = kernel.openBody();
  const bytes = encoder.encode(names.map((name) => `${name} 1\n`).join(''));
  body.input(bytes.length).set(bytes);
  body.setInputLength(bytes.length);
  body.useInput();
  expect(body.scanText(owner, { format: 'text', defaultTimestamp: 5 })).toEqual({ ok: true });
  const unknown = body.unknownCount;
  for (let index = 0; index < unknown; index++) {
    const { start, end } = body.unknown(index);
    const name = Buffer.from(body.bytes().slice(start, end)).toString();
    body.resolve(index, name.startsWith('drop') ? DROPPED_REF : Number(/\d+/.exec(name)?.[0]));
  }
  expect(body.seal()).toBe(names.filter((name) => !name.startsWith('drop')).length);
  body.release();
  return unknown;
}

const named = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `m${from + index}`);

describe('a kernel whose refs are series elsewhere', () => {
  it('knows identities without series, and forgets those of refs that went', () => {
    const kernel = foreignKernel();
    const owner = kernel.openOwner({ context: 1, tracked: false });
    expect(scan(kernel, owner, named(1, 3001))).toBe(3000);
    expect(scan(kernel, owner, named(1, 3001).toReversed())).toBe(0);
    const gone = Uint32Array.from({ length: 1000 }, (_, index) => 3 * index + 1);
    expect(kernel.forgetRefs(gone)).toBe(1000);
    expect(kernel.forgetRefs(gone)).toBe(0);
    expect(kernel.forgetRefs(new Uint32Array(0))).toBe(0);
    expect(kernel.stats().identityCount).toBe(2000);
    expect(scan(kernel, owner, named(1, 3001))).toBe(1000);
    expect(scan(kernel, owner, named(1, 3001))).toBe(0);
    expect(kernel.stats().bytesByKind.series_directory).toBe(0);
  });

  it('keeps what is dropped, and sweeps what is not seen', () => {
    const kernel = foreignKernel();
    const owner = kernel.openOwner({ context: 1, tracked: true });
    scan(kernel, owner, ['drop1', 'm1', 'm2']);
    kernel.forgetRefs(Uint32Array.of(1, 2));
    expect(scan(kernel, owner, ['drop1', 'm1'])).toBe(1);
    for (let round = 0; round < 4; round++) scan(kernel, owner, ['m1']);
    expect(kernel.sweepIdentities(100, 2)).toBe(1);
    expect(scan(kernel, owner, ['drop1', 'm1'])).toBe(1);
  });

  it('tells which series of a target went, by ref and whoever had it', () => {
    const kernel = foreignKernel();
    const owner = kernel.openOwner({ context: 1, tracked: true });
    const other = kernel.openOwner({ context: 2, tracked: true });
    scan(kernel, owner, ['m1', 'm2', 'm3', 'm4', 'm5000000']);
    expect([...kernel.takeMissing(owner)]).toEqual([]);
    // Another name of the same series: it is there still.
    scan(kernel, owner, ['m1', 'x2', 'm3']);
    expect([...kernel.takeMissing(owner)]).toEqual([4, 5_000_000]);
    // Forgotten ones are not missing; nor are those that another has had since.
    scan(kernel, other, ['m9']);
    expect([...kernel.takeMissing(other)]).toEqual([]);
    kernel.forgetRefs(Uint32Array.of(1));
    scan(kernel, owner, ['m7']);
    scan(kernel, other, ['y2']);
    expect([...kernel.takeMissing(owner)]).toEqual([3]);
    expect([...kernel.knownSeries(owner)]).toEqual([7]);
    kernel.forgetRefs(Uint32Array.of(2, 3, 4, 5_000_000, 7, 9));
    kernel.reclaim();
    // The directory alone stays.
    expect(kernel.stats().bytesByKind.series_directory).toBeLessThan(2 ** 15);
  });

  it('has no series of its own', () => {
    const kernel = foreignKernel();
    const owner = kernel.openOwner({ context: 1, tracked: true });
    scan(kernel, owner, ['m1']);
    expect(() => {
      kernel.createSeries(2);
    }).toThrow('elsewhere');
    expect(kernel.hasSeries(1)).toBe(false);
    const body = kernel.openBody();
    const timestamps = Float64Array.of(5);
    const values = Float64Array.of(1);
    const words = new Uint32Array(values.buffer);
    body.setColumns({ length: 1, refs: Uint32Array.of(1), timestamps, values, words });
    expect([...body.append({ minTime: 0, maxTime: 10 })]).toEqual([0, 0, 0, 0, 0, 1]);
  });
});
