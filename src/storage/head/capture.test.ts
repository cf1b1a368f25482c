import { expect, test } from 'vitest';
import { Labels, SampleColumns } from '../../model/index.ts';
import { SampleBatch } from '../api.ts';
import { Capture } from './capture.ts';
import { ChunkRun } from './chunk-run.ts';
import { Head } from './head.ts';

const SERIES_COUNT = 5;

/** The same numbers in every run, spread well enough. */
function makeRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % limit;
  };
}

function append(head: Head, samples: readonly (readonly [number, number])[]): void {
  const batch = new SampleBatch();
  for (const [ref, time] of samples) batch.push(ref, time, time + ref / 10);
  const bounds = { minTime: -Infinity, maxTime: Infinity, windowMs: Infinity };
  const series = Array.from({ length: SERIES_COUNT }, (_, index) => ({
    ref: index + 1,
    labels: Labels.fromObject({ index: String(index) }),
  }));
  head.apply({
    bounds,
    series,
    samples: batch,
    histograms: [],
    exemplars: [],
    metadata: [],
    state: [],
  });
}

function read(head: Head, capture: Capture): number[][] {
  const run = new ChunkRun(head.chunks);
  return capture.series.map((_, index) => {
    const columns = new SampleColumns(1);
    capture.load(index, run);
    run.appendTo(-Infinity, Infinity, columns);
    expect(run.count(-Infinity, Infinity)).toBe(columns.length);
    const times = [...columns.timestamps.subarray(0, columns.length)];
    const values = [...columns.values.subarray(0, columns.length)];
    expect(values).toEqual(times.map((time) => time + (index + 1) / 10));
    return times;
  });
}

test('captures stay as they were taken while samples are added, moved and dropped', () => {
  const random = makeRandom(7);
  const head = new Head(0);
  const captures: { capture: Capture; want: number[][] }[] = [];
  append(head, []);
  let newest = 1000;
  for (let step = 0; step < 1500; step++) {
    const kind = random(20);
    if (kind < 10) {
      newest += 1 + random(5);
      append(
        head,
        Array.from({ length: SERIES_COUNT }, (_, index) => [index + 1, newest]),
      );
    } else if (kind < 16) {
      append(head, [[1 + random(SERIES_COUNT), newest - random(900)]]);
    } else if (kind === 16) {
      const minTime = newest - random(600);
      head.applyDelete([], { minTime, maxTime: minTime + random(20) });
    } else if (kind === 17) {
      head.applyTruncate(newest - 800, []);
    } else if (captures.length < 4) {
      const capture = new Capture(head.chunks, [...head.table.all()]);
      captures.push({ capture, want: read(head, capture) });
    } else {
      // Not in the order in which they were taken.
      const [done] = captures.splice(random(captures.length), 1);
      expect(read(head, done!.capture)).toEqual(done!.want);
      done!.capture.release();
    }
    if (step % 50 === 0) {
      for (const { capture, want } of captures) expect(read(head, capture)).toEqual(want);
    }
  }
  for (const { capture } of captures) capture.release();
  expect(head.chunks.pinned).toBe(false);
  const now = new Capture(head.chunks, [...head.table.all()]);
  expect(read(head, now).flat().length).toBe(head.sampleCount);
  now.release();
});

test('everything deleted gives every chunk back', () => {
  const head = new Head(0);
  for (let time = 0; time < 1000; time++) append(head, [[1 + (time % SERIES_COUNT), time * 7]]);
  const capture = new Capture(head.chunks, [...head.table.all()]);
  head.applyDelete([], { minTime: -Infinity, maxTime: Infinity });
  expect([head.sampleCount, head.seriesCount, head.chunks.chunkCount]).toEqual([0, 0, 0]);
  expect(read(head, capture).flat().length).toBe(1000);
  capture.release();
  const sizeBytes = head.chunks.sizeBytes;
  for (let time = 0; time < 1000; time++) append(head, [[1 + (time % SERIES_COUNT), time * 7]]);
  expect(head.chunks.sizeBytes).toBe(sizeBytes);
});

test('a chunk that becomes the last one does not grow under a capture', () => {
  // One of these cuts lies between two chunks, and leaves one that is not full as it is.
  for (let cut = 20; cut < 180; cut++) {
    const head = new Head(0);
    for (let time = 0; time < 200; time += 2) append(head, [[1, time]]);
    for (let time = 1; time < 200; time += 2) append(head, [[1, time]]);
    const capture = new Capture(head.chunks, [...head.table.all()].slice(0, 1));
    const want = read(head, capture);
    head.applyDelete([], { minTime: cut, maxTime: Infinity });
    for (let time = cut; time < cut + 20; time++) append(head, [[1, time]]);
    expect(read(head, capture)).toEqual(want);
    capture.release();
  }
});
