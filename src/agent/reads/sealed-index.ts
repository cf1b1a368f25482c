import type { Stream } from '../../formats/tide/index.ts';

/** Where sealed batches are in time, so that a range can be read without reading all. */
export class SealedIndex {
  readonly #entries: IndexEntry[][] = [[], []];

  add(stream: Stream, entry: IndexEntry): void {
    this.#entries[stream]?.push(entry);
  }

  /** Forgets what the ring does not retain any more. */
  trim(stream: Stream, firstRetained: number): void {
    const entries = this.#entries[stream] ?? [];
    let gone = 0;
    while ((entries[gone]?.seq ?? Infinity) < firstRetained) gone++;
    // Moving the rest costs as much as there is, so it waits until it is worth it.
    if (gone > 0 && (gone > 1024 || gone * 2 > entries.length)) entries.splice(0, gone);
  }

  /** Sequence numbers of the batches of a stream that may have samples within the times. */
  *overlapping(stream: Stream, minTime: number, maxTime: number): Generator<number> {
    // A copy: batches are sealed while a reader waits for the disk.
    for (const entry of (this.#entries[stream] ?? []).slice()) {
      if (entry.maxTime >= minTime && entry.minTime <= maxTime) yield entry.seq;
    }
  }

  /** The oldest time that anything retained has; undefined where nothing is. */
  firstTime(stream: Stream, firstRetained: number): number | undefined {
    return this.#entries[stream]?.find(({ seq }) => seq >= firstRetained)?.minTime;
  }
}

export interface IndexEntry {
  readonly seq: number;
  readonly minTime: number;
  readonly maxTime: number;
}
