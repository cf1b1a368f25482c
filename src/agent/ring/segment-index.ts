import type { RingRecord, SegmentHeader } from './record.ts';

/** One record in so many has its place remembered; the others are found by reading on. */
const SPARSE_RECORDS = 32;

interface Place {
  readonly stream: number;
  readonly seq: number;
  readonly offset: number;
}

/** What is known of a segment without reading it. */
export class SegmentIndex {
  readonly epoch: number;
  /** Of the process that wrote it; undefined where nobody remembers. */
  readonly nonce: number | undefined;
  readonly name: string;
  /** Where the next record goes; what lies before is records. */
  sizeBytes: number;
  /** When the newest record was sealed. */
  newestMs = 0;
  oldestMs = Infinity;
  /** By stream. */
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  readonly #places: Place[] = [];
  #records = 0;

  constructor(name: string, { epoch, nonce, sizeBytes }: SegmentHeader) {
    this.epoch = epoch;
    this.nonce = nonce;
    this.name = name;
    this.sizeBytes = sizeBytes;
  }

  /** A record was written at `sizeBytes`. */
  add({ sealed, sealedMs, sizeBytes }: RingRecord): void {
    const { stream, seq } = sealed;
    if (this.#records++ % SPARSE_RECORDS === 0) {
      this.#places.push({ stream, seq, offset: this.sizeBytes });
    }
    this.#first[stream] ??= seq;
    this.#last[stream] = seq;
    this.newestMs = Math.max(this.newestMs, sealedMs);
    this.oldestMs = Math.min(this.oldestMs, sealedMs);
    this.sizeBytes += sizeBytes;
  }

  first(stream: number): number | undefined {
    return this.#first[stream];
  }

  last(stream: number): number | undefined {
    return this.#last[stream];
  }

  mayHold(stream: number, seq: number): boolean {
    return (this.#first[stream] ?? Infinity) <= seq && (this.#last[stream] ?? 0) >= seq;
  }

  /** The bytes in which the record must be: `[from, to)`. */
  window(stream: number, seq: number): { from: number; to: number } {
    let from = this.#places[0]?.offset ?? this.sizeBytes;
    for (const place of this.#places) {
      // Records of a stream ascend, so the place of a higher number is behind the one wanted.
      if (place.stream !== stream) continue;
      if (place.seq > seq) return { from, to: place.offset };
      from = place.offset;
    }
    return { from, to: this.sizeBytes };
  }
}
