import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { measureLoop } from '../../bench/loop-bench.ts';

/**
 * Far above the goal of 20 ms, and more where this process, which does little, is late itself: the
 * machine may do other things. It finds a cut, a merge or a query that works on the main thread.
 * The figure itself is that of `npm run bench -- loop`.
 */
const P99_MS_MAX = 100;
const NOISE_FACTOR = 3;
const SAMPLES_PER_SECOND = 10_000;

it('answers in time while samples arrive, blocks are merged and heavy queries run', async () => {
  const own = monitorEventLoopDelay({ resolution: 10 });
  own.enable();
  const figures = await measureLoop({
    series: 2_000,
    samplesPerSecond: SAMPLES_PER_SECOND,
    seconds: 10,
    secondsPerBlock: 2,
  });
  own.disable();
  const noiseMs = own.percentile(99) / 1e6;
  const text = JSON.stringify({ ...figures, queryMs: figures.queryMs.length, noiseMs });
  expect(figures.refusedRequests, text).toBe(0);
  expect(figures.samplesPerSecond, text).toBeGreaterThan(SAMPLES_PER_SECOND / 10);
  expect(figures.queryMs.length, text).toBeGreaterThan(10);
  expect(figures.blocksMade, text).toBeGreaterThan(0);
  expect(figures.blocksGone, text).toBeGreaterThan(0);
  expect(figures.delay.p99Ms, text).toBeLessThan(P99_MS_MAX + NOISE_FACTOR * noiseMs);
  expect(figures.delay.maxMs, text).toBeGreaterThanOrEqual(figures.delay.p99Ms);
});
