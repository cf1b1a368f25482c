import type { KernelReader } from '../../kernel/index.ts';

/** The end of a range, which is looked at first: a series that is alive has a sample in it. */
const PROBE_MS = 10 * 60_000;

/** Whether the series has a float within the times; looks where one is likely first. */
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
  const likely = Math.max(minTime, maxTime - PROBE_MS);
  kernel.read(ref, likely, maxTime, counter);
  if (counter.count === 0 && likely > minTime) kernel.read(ref, minTime, likely, counter);
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
