import { expect, it } from 'vitest';
import { SampleColumns } from '../model/index.ts';
import { connectKernelReader, createKernel, KERNEL_KEY_BYTES } from './index.ts';

/** More than a reader's columns hold at once. */
const COUNT = 10_000;
const REFS = Uint32Array.of(3, 4, 5);

it('series longer than the columns are read wholly, however few samples are asked for', () => {
  const kernel = createKernel({ maxBytes: 2 ** 24, key: new Uint8Array(KERNEL_KEY_BYTES) });
  const body = kernel.openBody();
  const timestamps = Float64Array.from({ length: COUNT }, (_, index) => 1000 * index);
  const values = Float64Array.from({ length: COUNT }, (_, index) => index);
  for (const ref of REFS) {
    kernel.createSeries(ref);
    const words = new Uint32Array(values.buffer);
    const refs = new Uint32Array(COUNT).fill(ref);
    body.setColumns({ length: COUNT, timestamps, values, words, refs });
    kernel.beginCommit();
    body.append({ minTime: 0, maxTime: 1e9 });
    kernel.endCommit();
  }
  const reader = connectKernelReader(kernel.openReader());
  const caps = new Float64Array(REFS.length).fill(1e9);
  for (const maxSamples of [1, 5000, 8000, 9999, COUNT, 12_000, undefined]) {
    const into = new SampleColumns(1);
    const offsets = new Uint32Array(REFS.length + 1);
    for (let next = 0; next < REFS.length; ) {
      const before = into.length;
      next = reader.readMany({ refs: REFS, caps }, next, 3, 0, into, offsets, maxSamples);
      expect(offsets[next]).toBe(into.length - before);
    }
    expect(into.length).toBe(REFS.length * COUNT);
    for (let index = 0; index < into.length; index++) {
      if (into.timestamps[index] !== 1000 * (index % COUNT)) expect.fail(`sample ${index}`);
    }
  }
});
