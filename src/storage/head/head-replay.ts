import type { SampleExtent } from '../../kernel/index.ts';
import { SampleBatch } from '../sample-batch.ts';
import type { Commit, CommitBounds } from './commit.ts';
import { GATHERED_SAMPLES, GatheredSamples } from './gathered-samples.ts';
import type { Head } from './head.ts';
import { ShardSplit } from './shard-split.ts';

/** How far apart the refs of gathered samples may be. */
const REFS_SPAN = 4 * GATHERED_SAMPLES;
/** What gathering them and then storing them may take: otherwise each commit is applied alone. */
const ROOM_BYTES = GATHERED_SAMPLES * 96 + 4 * REFS_SPAN;

const NONE = new SampleBatch(0);

/**
 * Applies the commits of a log to a head. The float samples of many commits are gathered and stored
 * series by series, so that a series is touched once for several of its samples; the head ends as
 * if each commit had been applied by itself. Call `settle` before anything else is done to the head
 * or asked of it, and `close` after the last of it.
 */
export class HeadReplay {
  readonly #head: Head;
  readonly #split: ShardSplit;
  /** Samples that wait, by shard. */
  readonly #gathered: readonly GatheredSamples[];
  #sampleCount = 0;
  #windowMs = 0;
  #firstRef = Infinity;
  #lastRef = -1;

  constructor(head: Head) {
    this.#head = head;
    this.#split = new ShardSplit(head.shards.length);
    this.#gathered = head.shards.map(({ kernel }) => new GatheredSamples(kernel));
  }

  /** Applies a commit, or puts off its samples. The batch may be used again after that. */
  apply(commit: Commit): void {
    const { series, seriesRun, samples } = commit;
    const extent = commit.extent ?? extentOf(samples);
    if (!this.#canWait(commit, extent)) {
      this.settle();
      // What there is left may all be needed for what the log holds.
      if (!this.#hasRoom()) this.close();
      this.#head.apply(commit);
      return;
    }
    // What waits for a series that is not there must not find it there.
    const leastRef = seriesRun?.leastRef ?? Infinity;
    if (leastRef <= this.#lastRef || series.some(({ ref }) => ref <= this.#lastRef)) this.settle();
    if (hasMore(commit)) {
      this.#head.apply({ ...commit, samples: NONE });
      if (this.#head.series.aliases.size > 0) {
        this.settle();
        this.#head.apply(samplesOf(commit));
        return;
      }
    }
    this.#gather(samples, extent, commit.bounds);
  }

  /** Stores what waits. @throws KernelMemoryError */
  settle(): void {
    const head = this.#head;
    for (const [number, gathered] of this.#gathered.entries()) {
      const shard = head.shards[number]!;
      gathered.settle((body, from, to) => {
        head.applyRuns(shard, body, { from, to }, this.#windowMs);
      });
    }
    this.#sampleCount = 0;
    this.#firstRef = Infinity;
    this.#lastRef = -1;
  }

  /** Gives back the memory for samples that wait; what has not been settled is not stored. */
  close(): void {
    for (const gathered of this.#gathered) gathered.close();
  }

  #canWait({ samples, histograms, bounds }: Commit, extent: SampleExtent): boolean {
    // A series' floats and histograms are judged by each other, so they keep their order.
    if (samples.length === 0 || histograms.length > 0 || this.#head.series.aliases.size > 0)
      return false;
    if (samples.length > GATHERED_SAMPLES || !isWithin(extent, bounds)) return false;
    if (extent.greatestRef - extent.leastRef >= REFS_SPAN) return false;
    return this.#hasRoom();
  }

  #hasRoom(): boolean {
    return this.#head.shards.every(({ kernel }) => kernel.headroomBytes() >= ROOM_BYTES);
  }

  #gather(samples: SampleBatch, extent: SampleExtent, { windowMs }: CommitBounds): void {
    const { leastRef, greatestRef } = extent;
    const span = Math.max(this.#lastRef, greatestRef) - Math.min(this.#firstRef, leastRef);
    const isTooMuch = this.#sampleCount + samples.length > GATHERED_SAMPLES || span >= REFS_SPAN;
    if (isTooMuch || windowMs !== this.#windowMs) this.settle();
    this.#windowMs = windowMs;
    this.#sampleCount += samples.length;
    this.#firstRef = Math.min(this.#firstRef, leastRef);
    this.#lastRef = Math.max(this.#lastRef, greatestRef);
    if (this.#gathered.length === 1) {
      this.#gathered[0]!.add(samples, extent);
      return;
    }
    this.#split.split(samples);
    for (const [number, part] of this.#split.parts.entries()) {
      this.#gathered[number]!.add(part, extent);
    }
  }
}

/** Whether the times of samples are within bounds. */
function isWithin(extent: SampleExtent, { minTime, maxTime }: CommitBounds): boolean {
  const oldest = Math.max(minTime, Number.MIN_SAFE_INTEGER);
  const newest = Math.min(maxTime, Number.MAX_SAFE_INTEGER);
  // False for NaN too.
  return extent.leastTime >= oldest && extent.greatestTime <= newest;
}

function extentOf({ refs, timestamps, length }: SampleBatch): SampleExtent {
  let leastRef = Infinity;
  let greatestRef = 0;
  let leastTime = Infinity;
  let greatestTime = -Infinity;
  for (let index = 0; index < length; index++) {
    leastRef = Math.min(leastRef, refs[index]!);
    greatestRef = Math.max(greatestRef, refs[index]!);
    // NaN if any is.
    leastTime = Math.min(leastTime, timestamps[index]!);
    greatestTime = Math.max(greatestTime, timestamps[index]!);
  }
  return { leastRef, greatestRef, leastTime, greatestTime };
}

/** Whether there is anything but float samples. */
function hasMore({ series, seriesRun, exemplars, metadata, state }: Commit): boolean {
  if (seriesRun !== undefined) return true;
  return series.length + exemplars.length + metadata.length + state.length > 0;
}

function samplesOf({ bounds, samples }: Commit): Commit {
  return { bounds, samples, series: [], histograms: [], exemplars: [], metadata: [], state: [] };
}
