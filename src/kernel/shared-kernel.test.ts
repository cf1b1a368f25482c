import { describe, expect, it } from 'vitest';
import { SampleColumns } from '../model/index.ts';
import { connectKernelReader, createKernel, KERNEL_KEY_BYTES } from './index.ts';

const MIB = 2 ** 20;

describe('smoke', () => {
  it('stores and reads', () => {
    const kernel = createKernel({
      maxBytes: 64 * MIB,
      key: new Uint8Array(KERNEL_KEY_BYTES).map((_, i) => i * 7 + 3),
    });
    const reader = connectKernelReader(kernel.openReader());
    for (let ref = 1; ref <= 100; ref++) kernel.createSeries(ref);
    const body = kernel.openBody();
    const n = 100;
    for (let tick = 0; tick < 200; tick++) {
      const refs = new Uint32Array(n).map((_, i) => i + 1);
      const timestamps = new Float64Array(n).fill(1000 + tick * 15000 + (tick % 3));
      const values = new Float64Array(n).map((_, i) =>
        i % 4 === 0 ? tick * 3 : i % 4 === 1 ? tick / 100 : i % 4 === 2 ? Math.sqrt(tick + i) : -0,
      );
      body.setColumns({
        length: n,
        refs,
        timestamps,
        values,
        words: new Uint32Array(values.buffer),
      });
      const counts = body.append({ minTime: -Infinity, maxTime: Infinity });
      expect([...counts]).toEqual([100, 0, 0, 0, 0, 0]);
    }
    for (let ref = 1; ref <= 100; ref++) {
      const i = ref - 1;
      const into = new SampleColumns();
      reader.begin();
      reader.read(ref, 0, 1e12, into);
      reader.end();
      expect(into.length).toBe(200);
      for (let tick = 0; tick < 200; tick++) {
        expect(into.timestamps[tick]).toBe(1000 + tick * 15000 + (tick % 3));
        expect(into.values[tick]).toBe(
          i % 4 === 0
            ? tick * 3
            : i % 4 === 1
              ? tick / 100
              : i % 4 === 2
                ? Math.sqrt(tick + i)
                : -0,
        );
      }
    }
    console.log(kernel.stats());
  });
});
