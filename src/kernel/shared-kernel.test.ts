import { describe, expect, it } from 'vitest';
import { SampleColumns } from '../model/index.ts';
import {
  connectKernelReader,
  createKernel,
  DROPPED_REF,
  type Kernel,
  KERNEL_KEY_BYTES,
} from './index.ts';

const MIB = 2 ** 20;
const encoder = new TextEncoder();

function smallKernel(): Kernel {
  const key = Uint8Array.from({ length: KERNEL_KEY_BYTES }, (_, index) => index * 7 + 3);
  return createKernel({ maxBytes: 16 * MIB, key });
}

/** Scans lines, giving the series of unknown ones the refs `refOf` says; how many were unknown. */
function scan(
  kernel: Kernel,
  owner: number,
  lines: readonly string[],
  refOf: (line: string) => number,
): number {
  const body = kernel.openBody();
  const bytes = encoder.encode(lines.map((line) => `${line} 1\n`).join(''));
  body.input(bytes.length).set(bytes);
  body.setInputLength(bytes.length);
  body.useInput();
  expect(body.scanText(owner, { format: 'text', defaultTimestamp: 5 })).toEqual({ ok: true });
  const unknown = body.unknownCount;
  for (let index = 0; index < unknown; index++) {
    const { start, end } = body.unknown(index);
    const ref = refOf(Buffer.from(body.bytes().slice(start, end)).toString());
    if (ref !== DROPPED_REF && ref !== 0 && !kernel.hasSeries(ref)) kernel.createSeries(ref);
    body.resolve(index, ref);
  }
  body.release();
  return unknown;
}

const refOfName = (line: string): number => Number(line.replaceAll(/\D/g, ''));

describe('a kernel', () => {
  it('refuses a key of another length, a memory too small, a series twice', () => {
    expect(() => createKernel({ maxBytes: MIB, key: new Uint8Array(3) })).toThrow('1072');
    const key = new Uint8Array(KERNEL_KEY_BYTES);
    expect(() => createKernel({ maxBytes: 100_000, key })).toThrow('no memory for an empty slab');
    const kernel = smallKernel();
    kernel.createSeries(5);
    expect(() => {
      kernel.createSeries(5);
    }).toThrow('series 5 is there already');
  });

  it('takes refs of any size, and gives back what they took', () => {
    const kernel = smallKernel();
    const refs = [1, 1023, 1024, 500_000, 20_000_000, 4_000_000];
    for (const ref of refs) kernel.createSeries(ref);
    expect(refs.map((ref) => kernel.hasSeries(ref))).toEqual(refs.map(() => true));
    expect([kernel.hasSeries(2), kernel.hasSeries(4_294_967_294)]).toEqual([false, false]);
    expect(kernel.newestTime(1)).toBeNaN();
    for (const ref of refs) kernel.removeSeries(ref);
    kernel.removeSeries(77);
    kernel.reclaim();
    const { seriesCount, bytesByKind } = kernel.stats();
    expect([seriesCount, bytesByKind.series, bytesByKind.retired]).toEqual([0, 0, 0]);
  });

  it('tells which series of a target went', () => {
    const kernel = smallKernel();
    const owner = kernel.openOwner({ context: 1, tracked: true });
    const other = kernel.openOwner({ context: 2, tracked: true });
    expect(scan(kernel, owner, ['m1', 'm2', 'm3', 'm4'], refOfName)).toBe(4);
    expect([...kernel.takeMissing(owner)]).toEqual([]);
    expect(scan(kernel, other, ['m1', 'm2'], (line) => refOfName(line) + 10)).toBe(2);
    expect([...kernel.takeMissing(other)]).toEqual([]);
    expect(scan(kernel, owner, ['m4', 'm1', 'm5'], refOfName)).toBe(1);
    expect([...kernel.takeMissing(owner)]).toEqual([2, 3]);
    // A body that is given up changes nothing.
    scan(kernel, owner, ['m1'], refOfName);
    scan(kernel, owner, ['m1', 'm4', 'm5', 'm2'], refOfName);
    expect([...kernel.takeMissing(owner)]).toEqual([]);
    expect([...kernel.knownSeries(owner)]).toEqual([1, 4, 5, 2]);
    expect([...kernel.knownSeries(other)]).toEqual([11, 12]);
    kernel.closeOwner(owner);
    kernel.closeOwner(other);
    expect(kernel.stats().bytesByKind.owners).toBe(0);
  });

  it('forgets identities that are not used, or whose series are gone', () => {
    const kernel = smallKernel();
    const owner = kernel.openOwner({ context: 1, tracked: false });
    const many = Array.from({ length: 3000 }, (_, index) => `m${index + 1}`);
    expect(scan(kernel, owner, many, refOfName)).toBe(3000);
    for (let round = 0; round < 4; round++) scan(kernel, owner, many.slice(0, 2000), refOfName);
    for (let ref = 1; ref <= 500; ref++) kernel.removeSeries(ref);
    expect(kernel.stats().identityCount).toBe(3000);
    let forgotten = 0;
    for (let part = 0; part < 3; part++) forgotten += kernel.sweepIdentities(1000, 3);
    expect([forgotten, kernel.stats().identityCount]).toEqual([1500, 1500]);
    expect(kernel.sweepIdentities(5000, 3)).toBe(0);
    // What was forgotten is unknown again, what was not is found, whatever moved in between.
    expect(scan(kernel, owner, many.slice(500, 2000), refOfName)).toBe(0);
    expect(scan(kernel, owner, many, (line) => refOfName(line) + 5000)).toBe(1500);
    expect(scan(kernel, owner, many.toReversed(), refOfName)).toBe(0);
  });

  it('reuses memory: many rounds of churn take no more than a few', () => {
    const kernel = smallKernel();
    const owner = kernel.openOwner({ context: 1, tracked: true });
    const sizes: number[] = [];
    for (let round = 0; round < 60; round++) {
      const lines = Array.from({ length: 500 }, (_, index) => `m${round * 250 + index + 1}`);
      scan(kernel, owner, lines, refOfName);
      for (const ref of kernel.takeMissing(owner)) kernel.removeSeries(ref);
      kernel.sweepIdentities(1000, 2);
      kernel.reclaim();
      sizes.push(kernel.stats().memoryBytes);
    }
    expect(sizes.at(-1)).toBe(sizes[10]);
    expect(kernel.stats().seriesCount).toBe(500);
  });

  it('works beyond 2 GiB, where addresses have their highest bit', () => {
    const key = new Uint8Array(KERNEL_KEY_BYTES).fill(3);
    const kernel = createKernel({ maxBytes: 2 ** 32, key });
    // Pages that are never touched take no memory of the machine.
    const large = kernel.openBody();
    large.input(2 ** 31 + 5 * MIB);
    const owner = kernel.openOwner({ context: 1, tracked: true });
    const handle = kernel.openReader();
    expect(handle.readerAddress).toBeGreaterThan(2 ** 31);
    const lines = Array.from({ length: 2000 }, (_, index) => `m${index + 1}`);
    expect(scan(kernel, owner, lines, refOfName)).toBe(2000);
    expect([...kernel.takeMissing(owner)]).toEqual([]);
    expect(scan(kernel, owner, lines.slice(1), refOfName)).toBe(0);
    expect([...kernel.takeMissing(owner)]).toEqual([1]);
    const body = kernel.openBody();
    const count = 5000;
    const timestamps = Float64Array.from({ length: count }, (_, index) => index * 1000);
    const values = timestamps.map((time) => time / 3);
    const words = new Uint32Array(values.buffer);
    const refs = new Uint32Array(count).fill(7);
    body.setColumns({ length: count, refs, timestamps, values, words });
    expect(body.append({ minTime: 0, maxTime: 1e9 })[0]).toBe(count);
    const into = new SampleColumns();
    connectKernelReader(handle).read(7, 0, 1e9, into);
    expect(into.values.subarray(0, into.length)).toEqual(values);
    large.release();
    expect(kernel.stats().bytesByKind.staging).toBeLessThan(MIB);
  });

  it('has readers up to a number, and takes back their places', () => {
    const kernel = smallKernel();
    const handles = Array.from({ length: 64 }, () => kernel.openReader());
    expect(() => kernel.openReader()).toThrow('one more reader');
    for (const { readerAddress } of handles) kernel.closeReader(readerAddress);
    expect(kernel.stats().bytesByKind.readers).toBe(0);
    kernel.closeReader(kernel.openReader().readerAddress);
  });
});
