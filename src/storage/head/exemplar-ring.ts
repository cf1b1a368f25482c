/** An exemplar of a series. Immutable. */
export interface StoredExemplar {
  readonly ref: number;
  readonly labelPairs: readonly string[];
  readonly value: number;
  readonly timestamp: number;
}

/**
 * The newest exemplars of all series, at most `capacity`; the oldest gives way. Of one series they
 * come in ascending order of time: the newest again, and older ones, are dropped.
 */
export class ExemplarRing {
  readonly #capacity: number;
  #entries: StoredExemplar[] = [];
  /** Where the oldest entry is once the ring is full. */
  #start = 0;
  #newestByRef = new Map<number, StoredExemplar>();
  #droppedCount = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Exemplars refused as duplicates, out of order, or of no series or time that the store has. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  add(exemplar: StoredExemplar): void {
    const newest = this.#newestByRef.get(exemplar.ref);
    if (newest !== undefined && exemplar.timestamp <= newest.timestamp) {
      this.#droppedCount++;
      return;
    }
    if (this.#capacity === 0) return;
    this.#newestByRef.set(exemplar.ref, exemplar);
    if (this.#entries.length < this.#capacity) {
      this.#entries.push(exemplar);
      return;
    }
    const oldest = this.#entries[this.#start]!;
    if (this.#newestByRef.get(oldest.ref) === oldest) this.#newestByRef.delete(oldest.ref);
    this.#entries[this.#start] = exemplar;
    this.#start = (this.#start + 1) % this.#capacity;
  }

  /** An exemplar whose series is not known, or whose time the store does not take. */
  countDropped(): void {
    this.#droppedCount++;
  }

  /** All of them, in order of arrival. */
  entries(): StoredExemplar[] {
    return [...this.#entries.slice(this.#start), ...this.#entries.slice(0, this.#start)];
  }
}
