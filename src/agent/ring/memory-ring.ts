import type { Stream } from '../../formats/tide/index.ts';
import type { RingRecord } from './record.ts';

/** A record in memory. */
export interface Held {
  readonly record: RingRecord;
  onDisk: boolean;
}

/** Records that have left are cut off when they are so many, and most of the array. */
const CUT_MIN = 1024;

/** First in, first out, without moving what stays. */
class HeldQueue {
  /** Those before the head are gone. */
  #items: (Held | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(held: Held): void {
    this.#items.push(held);
  }

  /** The one that so many came before; undefined beyond either end. */
  at(index: number): Held | undefined {
    return index < 0 ? undefined : this.#items[this.#head + index];
  }

  shift(): void {
    if (this.length === 0) return;
    this.#items[this.#head++] = undefined;
    if (this.#head < CUT_MIN || 2 * this.#head < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  /** All that are held, oldest first; a copy. */
  all(): Held[] {
    return this.#items.slice(this.#head) as Held[];
  }
}

/**
 * The newest sealed frames, found by stream and number at once: those of a stream follow each other
 * by one, so the place of a number is its distance from the first.
 */
export class MemoryRing {
  readonly #streams: readonly HeldQueue[] = [new HeldQueue(), new HeldQueue()];
  /** Both streams, in order of sealing. */
  readonly #order = new HeldQueue();
  /** Those of `#order` that are not on disk, if there is a disk. */
  readonly #unsaved: HeldQueue | undefined;
  #sizeBytes = 0;

  constructor(hasDisk: boolean) {
    this.#unsaved = hasDisk ? new HeldQueue() : undefined;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(record: RingRecord): void {
    const held = { record, onDisk: false };
    this.#streams[record.sealed.stream]?.push(held);
    this.#order.push(held);
    this.#unsaved?.push(held);
    this.#sizeBytes += record.sizeBytes;
  }

  get oldest(): Held | undefined {
    return this.#order.at(0);
  }

  /** The lowest number held of a stream. */
  first(stream: Stream): number | undefined {
    return this.#streams[stream]?.at(0)?.record.sealed.seq;
  }

  find(stream: Stream, seq: number): RingRecord | undefined {
    const first = this.first(stream);
    const record = this.#streams[stream]?.at(seq - (first ?? seq))?.record;
    return record?.sealed.seq === seq ? record : undefined;
  }

  /** The oldest leaves, on disk or not. */
  dropOldest(): void {
    const held = this.oldest;
    if (held === undefined) return;
    this.#order.shift();
    this.#streams[held.record.sealed.stream]?.shift();
    if (this.#unsaved?.at(0) === held) this.#unsaved.shift();
    this.#sizeBytes -= held.record.sizeBytes;
  }

  /** What is not on disk, oldest first; a copy. */
  unsaved(): Held[] {
    return this.#unsaved?.all() ?? [];
  }

  /** These, the oldest of `unsaved`, are on disk now; some may have left meanwhile. */
  saved(all: readonly Held[]): void {
    for (const held of all) held.onDisk = true;
    while (this.#unsaved?.at(0)?.onDisk === true) this.#unsaved.shift();
  }
}
