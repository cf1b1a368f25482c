import type { RejectReason } from '../../formats/tide/index.ts';

/** What of an agent was refused for one reason, by this process. */
export interface RefusalCount {
  readonly samples: number;
  /** Refused as a whole, whatever samples were in them. */
  readonly frames: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What of one agent will never be stored, by why, and when that began. */
export class RefusalCounts {
  readonly #counts = new Map<RejectReason, RefusalCount>();

  add(reason: RejectReason, added: Pick<RefusalCount, 'samples' | 'frames'>, nowMs: number): void {
    const before = this.#counts.get(reason);
    this.#counts.set(reason, {
      samples: (before?.samples ?? 0) + added.samples,
      frames: (before?.frames ?? 0) + added.frames,
      firstMs: before?.firstMs ?? nowMs,
      lastMs: nowMs,
    });
  }

  [Symbol.iterator](): IterableIterator<[RejectReason, RefusalCount]> {
    return this.#counts.entries();
  }
}
