import type { KernelBody, SampleExtent } from '../../kernel/index.ts';
import { SampleBatch } from '../sample-batch.ts';
import type { Commit, CommitBounds } from './commit.ts';
import type { Head } from './head.ts';

/** Samples that are gathered at most, … */
const GATHERED_SAMPLES = 512 * 1024;
/** … and how far apart their refs may be. */
const REFS_SPAN = 4 * GATHERED_SAMPLES;
/** What gathering them and then storing them may take: otherwise each commit is applied alone. */
const ROOM_BYTES = GATHERED_SAMPLES * 96 + 4 * REFS_SPAN;
/** Beyond so many the columns are made as long as they may get: longer ones leave holes behind. */
const SHORT_SAMPLES = 32 * 1024;
/** Samples that are stored at a time, after which what they left behind is freed. */
const SLICE_SAMPLES = 64 * 1024;

const NONE = new SampleBatch(0);

/**
 * Applies the commits of a log to a head. The float samples of many commits are gathered and stored
 * series by series, so that a series is touched once for several of its samples; the head ends as
 * if each commit had been applied by itself. Call `settle` before anything else is done to the head
 * or asked of it, and `close` after the last of it.
 */
export class HeadReplay {
  readonly #head: Head;
  /** Samples that wait; made when there are some. */
  #body: KernelBody | undefined;
  #sampleCount = 0;
  #windowMs = 0;
  #firstRef = Infinity;
  #lastRef = -1;
  /** Refs of the samples that were looked at last. */
  #first = 0;
  #last = 0;

  constructor(head: Head) {
    this.#head = head;
  }

  /** Applies a commit, or puts off its samples. The batch may be used again after that. */
  apply(commit: Commit): void {
    const { series, seriesRun, samples } = commit;
    if (!this.#canWait(commit)) {
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
      if (this.#head.hasAliases) {
        this.settle();
        this.#head.apply(samplesOf(commit));
        return;
      }
    }
    this.#gather(samples, commit.bounds);
  }

  /** Stores what waits. @throws KernelMemoryError */
  settle(): void {
    const body = this.#body;
    const count = this.#sampleCount;
    if (body === undefined || count === 0) return;
    body.orderByRef(this.#firstRef, this.#lastRef - this.#firstRef + 1);
    for (let from = 0; from < count; from += SLICE_SAMPLES) {
      const to = Math.min(count, from + SLICE_SAMPLES);
      this.#head.applyRuns(body, from, to, this.#windowMs);
    }
    body.setColumns(NONE);
    this.#sampleCount = 0;
    this.#firstRef = Infinity;
    this.#lastRef = -1;
  }

  /** Gives back the memory for samples that wait; what has not been settled is not stored. */
  close(): void {
    this.#body?.release();
    this.#body = undefined;
  }

  #canWait({ samples, extent, histograms, bounds }: Commit): boolean {
    const head = this.#head;
    // A series' floats and histograms are judged by each other, so they keep their order.
    if (samples.length === 0 || histograms.length > 0) return false;
    if (head.shards.length > 1 || head.hasAliases) return false;
    if (samples.length > GATHERED_SAMPLES) return false;
    if (!this.#isWithin(extent ?? extentOf(samples), bounds)) return false;
    if (this.#last - this.#first >= REFS_SPAN) return false;
    return this.#hasRoom();
  }

  #hasRoom(): boolean {
    return this.#head.shards[0]!.kernel.headroomBytes() >= ROOM_BYTES;
  }

  /** Whether the times of samples are within bounds; notes the least and greatest of their refs. */
  #isWithin(extent: SampleExtent, { minTime, maxTime }: CommitBounds): boolean {
    this.#first = extent.leastRef;
    this.#last = extent.greatestRef;
    const oldest = Math.max(minTime, Number.MIN_SAFE_INTEGER);
    const newest = Math.min(maxTime, Number.MAX_SAFE_INTEGER);
    // False for NaN too.
    return extent.leastTime >= oldest && extent.greatestTime <= newest;
  }

  #gather(samples: SampleBatch, { windowMs }: CommitBounds): void {
    const span = Math.max(this.#lastRef, this.#last) - Math.min(this.#firstRef, this.#first);
    const isTooMuch = this.#sampleCount + samples.length > GATHERED_SAMPLES || span >= REFS_SPAN;
    if (isTooMuch || windowMs !== this.#windowMs) this.settle();
    const { kernel } = this.#head.shards[0]!;
    this.#windowMs = windowMs;
    this.#body ??= kernel.openBody();
    this.#sampleCount += samples.length;
    if (this.#sampleCount > SHORT_SAMPLES) this.#body.reserveColumns(GATHERED_SAMPLES);
    this.#body.addColumns(samples);
    this.#firstRef = Math.min(this.#firstRef, this.#first);
    this.#lastRef = Math.max(this.#lastRef, this.#last);
  }
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
