import type { Stream } from '../../formats/tide/index.ts';

/** Batches that one entry stands for: a ring on disk holds millions of small ones. */
const RUN_BATCHES = 16;

/** Batches in a row, and what they span together. */
interface Run {
  readonly firstSeq: number;
  lastSeq: number;
  count: number;
  minTime: number;
  maxTime: number;
}

/** Where sealed batches are in time, so that a range can be read without reading all. */
export class SealedIndex {
  readonly #runs: Run[][] = [[], []];
  /** By stream, of all that was ever sealed. */
  readonly #newestTimes = [-Infinity, -Infinity];

  /** Numbers of a stream ascend; those between two batches are of something else. */
  add(stream: Stream, { seq, minTime, maxTime }: IndexEntry): void {
    const runs = this.#runs[stream];
    const last = runs?.at(-1);
    this.#newestTimes[stream] = Math.max(this.#newestTimes[stream] ?? maxTime, maxTime);
    if (last === undefined || last.count === RUN_BATCHES) {
      runs?.push({ firstSeq: seq, lastSeq: seq, count: 1, minTime, maxTime });
      return;
    }
    last.lastSeq = seq;
    last.count++;
    last.minTime = Math.min(last.minTime, minTime);
    last.maxTime = Math.max(last.maxTime, maxTime);
  }

  /** Entries that are held. */
  get size(): number {
    return this.#runs.reduce((sum, runs) => sum + runs.length, 0);
  }

  /** Forgets what the ring does not retain any more. */
  trim(stream: Stream, firstRetained: number): void {
    const runs = this.#runs[stream] ?? [];
    let gone = 0;
    while ((runs[gone]?.lastSeq ?? Infinity) < firstRetained) gone++;
    // Moving the rest costs as much as there is, so it waits until it is worth it.
    if (gone > 0 && (gone > 1024 || gone * 2 > runs.length)) runs.splice(0, gone);
  }

  /**
   * Sequence numbers of a stream among which are all batches with samples within the times, each
   * with a time that its samples are not beyond.
   */
  *overlapping(
    stream: Stream,
    minTime: number,
    maxTime: number,
  ): Generator<{ readonly seq: number; readonly newestTime: number }> {
    // A copy: batches are sealed while a reader waits for the disk.
    for (const { firstSeq, lastSeq, ...run } of (this.#runs[stream] ?? []).slice()) {
      if (run.maxTime < minTime || run.minTime > maxTime) continue;
      for (let seq = firstSeq; seq <= lastSeq; seq++) {
        yield { seq, newestTime: run.maxTime };
      }
    }
  }

  /** Nothing retained has samples from before this time; undefined where nothing is. */
  oldestTime(stream: Stream, firstRetained: number): number | undefined {
    let oldest = Infinity;
    for (const { lastSeq, minTime } of this.#runs[stream] ?? []) {
      if (lastSeq >= firstRetained) oldest = Math.min(oldest, minTime);
    }
    return oldest === Infinity ? undefined : oldest;
  }

  /** All samples from this time on are retained; -Infinity where there never was any. */
  wholeFrom(stream: Stream, firstRetained: number): number {
    const runs = this.#runs[stream] ?? [];
    const index = runs.findIndex(({ lastSeq }) => lastSeq >= firstRetained);
    const run = runs[index];
    if (run === undefined) return (this.#newestTimes[stream] ?? -Infinity) + 1;
    if (run.firstSeq >= firstRetained) return run.minTime;
    // Some of its batches are gone, and it is not known which times they had.
    return runs[index + 1]?.minTime ?? run.maxTime + 1;
  }
}

export interface IndexEntry {
  readonly seq: number;
  readonly minTime: number;
  readonly maxTime: number;
}
