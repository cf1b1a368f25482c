import { describe, expect, it } from 'vitest';
import { connectKernelReader, createKernel, type Kernel, KERNEL_KEY_BYTES } from './index.ts';
import { KernelMemoryError } from './errors.ts';

const MIB = 2 ** 20;

function smallKernel(maxBytes = 32 * MIB): Kernel {
  return createKernel({ maxBytes, key: new Uint8Array(KERNEL_KEY_BYTES).fill(9) });
}

describe('the slab for others', () => {
  it('gives blocks that are counted by kind, and takes them back', () => {
    const kernel = smallKernel();
    // Compared before `expect`, which would print megabytes to compare them itself.
    expect(kernel.slab() === kernel.slab()).toBe(true);
    const own = kernel.slab();
    const sizes = [1, 16, 100, 1024, 5000, 300_000];
    const blocks = sizes.map((size) => own.allocate(size, 'postings'));
    for (const [index, address] of blocks.entries()) {
      expect(address % 16).toBe(0);
      own.u8.fill(index + 1, address, address + (sizes[index] ?? 0));
    }
    for (const [index, address] of blocks.entries()) {
      const size = sizes[index] ?? 0;
      expect(own.u8.subarray(address, address + size).every((byte) => byte === index + 1)).toBe(
        true,
      );
    }
    expect(kernel.stats().bytesByKind.postings).toBeGreaterThan(306_000);
    own.release(blocks[5] ?? 0, 'postings');
    for (const address of blocks.slice(0, 5)) own.retire(address, 'postings');
    expect(kernel.stats().bytesByKind.postings).toBe(0);
    expect(kernel.stats().bytesByKind.retired).toBeGreaterThan(6000);
    kernel.reclaim();
    expect(kernel.stats().bytesByKind.retired).toBe(0);
  });

  it('keeps what a reader may look at', () => {
    const kernel = smallKernel();
    const slab = kernel.slab();
    const reader = connectKernelReader(kernel.openReader());
    const address = slab.allocate(64, 'symbols');
    slab.u32.fill(77, address >>> 2, (address >>> 2) + 16);
    const root = slab.rootAddress(3);
    Atomics.store(slab.u32, root >>> 2, address);
    reader.begin();
    const found = reader.slab();
    found.refresh();
    const seen = Atomics.load(found.u32, found.rootAddress(3) >>> 2);
    Atomics.store(slab.u32, root >>> 2, 0);
    slab.retire(address, 'symbols');
    kernel.reclaim();
    const epoch = kernel.epoch();
    expect(kernel.readersBefore(epoch)).toBe(true);
    for (let index = 0; index < 100; index++) {
      const other = slab.allocate(64, 'symbols');
      slab.u32.fill(1, other >>> 2, (other >>> 2) + 16);
    }
    expect(found.u32.subarray(seen >>> 2, (seen >>> 2) + 16)).toEqual(new Uint32Array(16).fill(77));
    reader.end();
    expect(kernel.readersBefore(epoch)).toBe(false);
    reader.begin();
    expect(kernel.readersBefore(epoch)).toBe(false);
    expect(kernel.readersBefore(epoch + 1)).toBe(true);
  });

  it('shows the reader memory that has grown', () => {
    const kernel = smallKernel();
    const reader = connectKernelReader(kernel.openReader());
    const before = reader.slab().u8.length;
    const address = kernel.slab().allocate(20 * MIB, 'label_sets');
    kernel.slab().f64[(address >>> 3) + 2_000_000] = 1.5;
    reader.slab().refresh(address + 20 * MIB);
    expect(reader.slab().u8.length).toBeGreaterThan(before);
    expect(reader.slab().f64[(address >>> 3) + 2_000_000]).toBe(1.5);
  });

  it('tells how much is left, and refuses more', () => {
    const kernel = smallKernel(8 * MIB);
    const slab = kernel.slab();
    const atFirst = kernel.headroomBytes();
    expect(atFirst).toBeGreaterThan(6 * MIB);
    const blocks: number[] = [];
    const fill = (): void => {
      for (;;) blocks.push(slab.allocate(8192, 'label_lookup'));
    };
    expect(fill).toThrow(KernelMemoryError);
    expect(kernel.headroomBytes()).toBe(0);
    expect(blocks).toHaveLength(atFirst / 8192);
    for (let index = 0; index < blocks.length; index += 2) {
      slab.release(blocks[index] ?? 0, 'label_lookup');
    }
    expect(kernel.headroomBytes()).toBe(Math.ceil(blocks.length / 2) * 8192);
    for (let index = 1; index < blocks.length; index += 2) {
      slab.release(blocks[index] ?? 0, 'label_lookup');
    }
    expect(kernel.headroomBytes()).toBe(atFirst);
    expect(() => slab.allocate(2 ** 32, 'label_lookup')).toThrow(KernelMemoryError);
    expect(() => slab.allocate(-1, 'label_lookup')).toThrow(KernelMemoryError);
    expect(() => slab.rootAddress(32)).toThrow('0 to 31');
  });
});
