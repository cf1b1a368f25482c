import type { StreamExtent, StreamMarks } from '../../formats/tide/index.ts';
import type { AgentRing } from '../ring/agent-ring.ts';

/** Up to where what was sealed is safe with the collector, compared with what the ring holds. */
export class DurableMarks {
  readonly #ring: Pick<AgentRing, 'extents' | 'previous'>;
  /** All up to here is safe with the collector, by stream. */
  readonly #durable: number[] = [];
  #drained: (() => void) | undefined;
  #isTold = false;

  constructor(ring: Pick<AgentRing, 'extents' | 'previous'>) {
    this.#ring = ring;
  }

  /** Whether the ring has dropped what the collector neither has nor has given up. */
  get isLosing(): boolean {
    return this.#ring.extents().some(({ stream, firstRetained, lastSeq }) => {
      return lastSeq > 0 && firstRetained > (this.#durable[stream] ?? 0) + 1;
    });
  }

  /** Whether what leaves the ring next is something that the collector may not have. */
  get isNextUnsafe(): boolean {
    // Runs before this one leave first; what they lack a collector asks for as it says WELCOME.
    const holdsEarlier = this.#ring.previous().some(({ streams }) => streams.some(holdsAny));
    if (holdsEarlier) return !this.#isTold;
    return this.#ring.extents().some((extent) => {
      return holdsAny(extent) && extent.firstRetained > (this.#durable[extent.stream] ?? 0);
    });
  }

  /** Whether all that was sealed is safe. */
  get isDrained(): boolean {
    return this.#ring
      .extents()
      .every(({ stream, lastSeq }) => lastSeq <= (this.#durable[stream] ?? 0));
  }

  take(streams: readonly StreamMarks[]): void {
    this.#isTold = true;
    for (const { stream, cumDurable } of streams) this.#durable[stream] = cumDurable;
    if (this.#drained !== undefined && this.isDrained) this.#drained();
  }

  /** What is called at the next marks that leave nothing to be sent; undefined: nothing. */
  onDrained(act: (() => void) | undefined): void {
    this.#drained = act;
  }
}

function holdsAny({ firstRetained, lastSeq }: StreamExtent): boolean {
  return firstRetained <= lastSeq;
}
