import { describe, expect, it } from 'vitest';
import { SampleColumns } from '../model/index.ts';
import { connectKernelReader, createKernel, type Kernel, KERNEL_KEY_BYTES } from './index.ts';

const COUNT = 300_000;

function append(kernel: Kernel, times: readonly number[]): number {
  const batch = new SampleColumns(times.length);
  for (const time of times) batch.push(time, time % 977);
  const body = kernel.openBody();
  const { length, timestamps, values, words } = batch;
  body.setColumns({ length, timestamps, values, words, refs: new Uint32Array(length).fill(7) });
  const [stored] = body.append({ minTime: 0, maxTime: 1e9, windowMs: 1e9 });
  body.release();
  return stored ?? 0;
}

function newKernel(): Kernel {
  const kernel = createKernel({ maxBytes: 2 ** 26, key: new Uint8Array(KERNEL_KEY_BYTES).fill(3) });
  kernel.createSeries(7);
  return kernel;
}

function readAll(kernel: Kernel): SampleColumns {
  const reader = connectKernelReader(kernel.openReader());
  const found = new SampleColumns();
  reader.begin();
  reader.read(7, 0, 1e9, found);
  reader.end();
  return found;
}

/** The CPU that a flood may take: under a second on a quiet machine. */
const FLOOD_CPU_SECONDS = 3;

/** Seconds of CPU that the process spends on something: the clock tells how busy others are. */
function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage().user;
  work();
  return (process.cpuUsage().user - before) / 1e6;
}

// Looking for the place of each through all newer chunks took a minute.
describe('a flood of late samples of one series', () => {
  const down = Array.from({ length: COUNT }, (_, index) => 2 * (COUNT - index));

  it('from new to old is stored soon', { timeout: 120_000 }, () => {
    const kernel = newKernel();
    const cpuSeconds = cpuSecondsOf(() => expect(append(kernel, down)).toBe(COUNT));
    expect(cpuSeconds).toBeLessThan(FLOOD_CPU_SECONDS);
    const found = readAll(kernel);
    expect(found.length).toBe(COUNT);
    for (let index = 0; index < COUNT; index++) {
      const time = 2 * (index + 1);
      if (found.timestamps[index] !== time || found.values[index] !== time % 977) {
        throw new Error(`at ${index}: ${found.timestamps[index]} ${found.values[index]}`);
      }
    }
  });

  it('in any order is stored soon', { timeout: 120_000 }, () => {
    const kernel = newKernel();
    // A step that has no divisor in common with the count: each once, in no order.
    const times = Array.from(
      { length: COUNT },
      (_, index) => 2 * (1 + ((index * 123_457) % COUNT)),
    );
    expect(new Set(times).size).toBe(COUNT);
    const cpuSeconds = cpuSecondsOf(() =>
      expect(append(kernel, [2 * COUNT + 2, ...times])).toBe(COUNT + 1),
    );
    // Five when each walks through the chunks.
    expect(cpuSeconds).toBeLessThan(FLOOD_CPU_SECONDS);
    const found = readAll(kernel);
    expect(found.length).toBe(COUNT + 1);
    for (let index = 0; index < COUNT; index++) {
      if (found.timestamps[index] !== 2 * (index + 1)) throw new Error(`no sample at ${index}`);
    }
  });

  it('goes on where it was, also after a range was removed', { timeout: 120_000 }, () => {
    const kernel = newKernel();
    const half = COUNT / 2;
    append(kernel, down.slice(0, half));
    // The chunks that the last samples went to are gone, and their memory is used again.
    expect(kernel.removeRange(7, 0, COUNT + 40_000)).toBe(20_000);
    kernel.reclaim();
    const cpuSeconds = cpuSecondsOf(() => {
      expect(append(kernel, down.slice(half))).toBe(half);
      expect(append(kernel, down)).toBe(20_000);
    });
    expect(cpuSeconds).toBeLessThan(FLOOD_CPU_SECONDS);
    expect(readAll(kernel).length).toBe(COUNT);
  });
});
