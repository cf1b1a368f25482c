import type { Lane, LaneCredit } from '../../formats/tide/index.ts';
import { LANE_CONTROL } from '../../formats/tide/index.ts';

/**
 * How much the collector lets each lane send, as an absolute offset from the session's start. A
 * frame may begin while any credit is left, so a frame larger than the window cannot wait for
 * ever. Control frames are small and few, and need none.
 */
export class LaneWindows {
  readonly #granted: number[] = [];
  readonly #sent: number[] = [];

  /** Takes grants over; one that is lower than before is old and changes nothing. */
  grant(credits: readonly LaneCredit[]): void {
    for (const { lane, offsetBytes } of credits) {
      this.#granted[lane] = Math.max(this.#granted[lane] ?? 0, offsetBytes);
    }
  }

  maySend(lane: Lane): boolean {
    return lane === LANE_CONTROL || (this.#sent[lane] ?? 0) < (this.#granted[lane] ?? 0);
  }

  /** The offset up to which a lane may send. */
  granted(lane: Lane): number {
    return this.#granted[lane] ?? 0;
  }

  sent(lane: Lane, sizeBytes: number): void {
    this.#sent[lane] = (this.#sent[lane] ?? 0) + sizeBytes;
  }

  /** A new session begins at 0. */
  reset(): void {
    this.#granted.length = 0;
    this.#sent.length = 0;
  }
}
