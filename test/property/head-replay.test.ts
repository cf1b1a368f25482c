import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import { SampleBatch } from '../../src/storage/api.ts';
import type { Commit, NewSeries } from '../../src/storage/head/commit.ts';
import { Head } from '../../src/storage/head/head.ts';
import { HeadReplay } from '../../src/storage/head/head-replay.ts';

/** In all of three shards. */
const REFS = [1, 2, 1024, 2048, 3072, 4096];
const MIB = 1024 * 1024;

/** Most samples move on, some are late, equal, out of bounds or of series that are not there. */
const sample = fc.record({
  ref: fc.constantFrom(...REFS),
  step: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 5 }) },
    fc.integer({ min: -60, max: 0 }),
    fc.constantFrom(Number.NaN, 1e7, 5e9, -1e7),
  ),
  value: fc.integer({ min: 0, max: 3 }),
});
const commit = fc.record({
  samples: fc.array(sample, { maxLength: 60 }),
  created: fc.array(fc.constantFrom(...REFS), { maxLength: 2 }),
  /** Series named alike get one ref and aliases. */
  sameName: fc.integer({ min: 0, max: 40 }).map((draw) => draw === 0),
  histograms: fc.integer({ min: 0, max: 6 }).map((draw) => (draw === 0 ? 1 : 0)),
  windowMs: fc.constantFrom(50, 50, 50, 0),
  settles: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
});

function newHead(shardCount: number): Head {
  return new Head({ maxExemplars: 0, shardCount, shardBytes: 512 * MIB });
}

function dump(head: Head): unknown {
  const found = new Uint32Array(2);
  const series = [];
  for (const ref of REFS) {
    const own = head.series.resolve(ref);
    const { kernel } = head.series.shard(ref);
    const samples: number[] = [];
    const newest = head.newestTime(ref);
    const from = head.oldestTime(ref);
    for (let time = from; time <= Math.min(newest, from + 4000); time++) {
      if (kernel.find(ref, time, found)) samples.push(time, found[0]!, found[1]!);
    }
    series.push({ own, newest, from, count: kernel.sampleCountOf(ref), samples });
  }
  const { sampleCount, chunkCount } = head;
  const { filledCount, nextRef } = head.series;
  return { series, filledCount, sampleCount, chunkCount, nextRef };
}

test.each([1, 3])('a head of %i shards is filled alike one by one and gathered', (shards) => {
  fc.assert(
    fc.property(fc.array(commit, { minLength: 1, maxLength: 25 }), (plan) => {
      const [single, gathered] = [newHead(shards), newHead(shards)];
      const replay = new HeadReplay(gathered);
      const batch = new SampleBatch();
      let now = 1000;
      for (const { samples, created, sameName, histograms, windowMs, settles } of plan) {
        batch.reset();
        for (const { ref, step, value } of samples) {
          const time = now + step;
          if (step >= 1 && step <= 5) now = time;
          batch.push(ref, time, value);
        }
        const series: NewSeries[] = created.map((ref) => ({
          ref,
          labels: Labels.fromPairs(['a', sameName ? 'same' : `${ref}`]),
        }));
        const one: Commit = {
          bounds: { minTime: 0, maxTime: 6e9, windowMs },
          series,
          samples: batch,
          histograms: Array.from({ length: histograms }, () => ({
            ref: REFS[now % REFS.length]!,
            timestamp: now - 3,
            histogram: undefined,
          })),
          exemplars: [],
          metadata: [],
          state: [],
        };
        single.apply(one);
        replay.apply(one);
        if (!settles) continue;
        replay.settle();
        expect(dump(gathered)).toEqual(dump(single));
      }
      replay.settle();
      replay.close();
      expect(dump(gathered)).toEqual(dump(single));
    }),
    { numRuns: 60 },
  );
});
