import type { KernelReader } from '../../kernel/index.ts';

/** Whether the series has a float within the times. */
export function hasSample(
  kernel: KernelReader,
  ref: number,
  minTime: number,
  maxTime: number,
): boolean {
  return !Number.isNaN(sampleTime(kernel, ref, minTime, maxTime));
}

/** The newest time of a float that a series has within the times, NaN where it has none. */
export function sampleTime(
  kernel: KernelReader,
  ref: number,
  minTime: number,
  maxTime: number,
): number {
  const counter = new SampleCounter();
  kernel.readNewest(ref, minTime, maxTime, counter);
  return counter.lastTime;
}

/** Takes samples without keeping them. */
export class SampleCounter {
  count = 0;
  lastTime = NaN;

  append(timestamps: Float64Array, _words: Uint32Array, from: number, to: number): void {
    this.count += to - from;
    if (to > from) this.lastTime = timestamps[to - 1]!;
  }
}
