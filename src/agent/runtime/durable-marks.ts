import type { StreamMarks } from '../../formats/tide/index.ts';
import type { AgentRing } from '../ring/agent-ring.ts';

/** Up to where what was sealed is safe with the collector, compared with what the ring holds. */
export class DurableMarks {
  readonly #ring: Pick<AgentRing, 'extents'>;
  /** All up to here is safe with the collector, by stream. */
  readonly #durable: number[] = [];
  #drained: (() => void) | undefined;

  constructor(ring: Pick<AgentRing, 'extents'>) {
    this.#ring = ring;
  }

  /** Whether the ring has dropped what the collector neither has nor has given up. */
  get isLosing(): boolean {
    return this.#ring.extents().some(({ stream, firstRetained, lastSeq }) => {
      return lastSeq > 0 && firstRetained > (this.#durable[stream] ?? 0) + 1;
    });
  }

  /** Whether all that was sealed is safe. */
  get isDrained(): boolean {
    return this.#ring
      .extents()
      .every(({ stream, lastSeq }) => lastSeq <= (this.#durable[stream] ?? 0));
  }

  take(streams: readonly StreamMarks[]): void {
    for (const { stream, cumDurable } of streams) this.#durable[stream] = cumDurable;
    if (this.#drained !== undefined && this.isDrained) this.#drained();
  }

  /** What is called at the next marks that leave nothing to be sent; undefined: nothing. */
  onDrained(act: (() => void) | undefined): void {
    this.#drained = act;
  }
}
