import { countUnits } from '../pending-series.ts';
import type { Commit } from './commit.ts';
import type { Head } from './head.ts';

const MIB = 1024 * 1024;

/** Below this a shard can hold nothing worth while. */
export const SHARD_BYTES_LEAST = 16 * MIB;
/** What one memory can be at most. */
export const SHARD_BYTES_MOST = 4096 * MIB;

/**
 * What a sample may take on average over a commit: its place in the columns of the commit, and its
 * share of a tail that grows or of a chunk that is packed anew for it.
 */
const SAMPLE_BYTES = 64;
/** What a new series may take besides the texts of its labels. */
const SERIES_BYTES = 1024;
/** Of each UTF-16 unit of a text: its UTF-8 bytes, and its share of what looks it up. */
const TEXT_UNIT_BYTES = 4;
/** Never promised: for packing many late samples anew, and for what readers hold back. */
const RESERVED_BYTES = 4 * MIB;

/**
 * Memory for commits on their way. One that might not fit is refused before it is logged: what is
 * acknowledged must not be lost, and what is in the log must be stored.
 */
export class CommitRoom {
  refusedCount = 0;
  readonly #head: Head;
  #promisedBytes = 0;

  constructor(head: Head) {
    this.#head = head;
  }

  /** Call the answer when the commit is applied, or is not going to be; undefined: no room. */
  reserve(commit: Commit): (() => void) | undefined {
    const wanted = bytesOf(commit);
    if (!this.#fits(this.#promisedBytes + wanted + RESERVED_BYTES)) {
      this.refusedCount++;
      return undefined;
    }
    this.#promisedBytes += wanted;
    return () => {
      this.#promisedBytes -= wanted;
    };
  }

  /** However the samples fall on the shards. */
  #fits(bytes: number): boolean {
    return this.#head.shards.every(({ kernel }) => {
      if (kernel.headroomBytes() >= bytes) return true;
      kernel.reclaim();
      return kernel.headroomBytes() >= bytes;
    });
  }
}

function bytesOf({ samples, series, histograms }: Commit): number {
  let units = 0;
  for (const { labels, textUnits } of series) units += textUnits ?? countUnits(labels.pairs);
  const count = samples.length + histograms.length;
  return count * SAMPLE_BYTES + series.length * SERIES_BYTES + units * TEXT_UNIT_BYTES;
}
