/** Gaps remembered: enough that one late contact does not move the median. */
const GAPS = 8;

/** Gaps needed before a cadence is believed. */
const GAPS_NEEDED = 3;

/**
 * Contacts closer than this count as one: a sender with several connections pushes in bursts, and
 * the cadence wanted is that of the bursts.
 */
const BURST_MS = 1000;

/** Learns how often a source makes contact: the median of its recent gaps. */
export class Cadence {
  #gaps = new Float64Array(GAPS);
  #count = 0;
  #next = 0;
  #lastMs: number | undefined;

  /** One contact, at `nowMs` of any clock that does not go back. */
  contact(nowMs: number): void {
    const lastMs = this.#lastMs;
    if (lastMs === undefined) {
      this.#lastMs = nowMs;
      return;
    }
    const gapMs = nowMs - lastMs;
    if (gapMs < BURST_MS) return;
    this.#lastMs = nowMs;
    this.#gaps[this.#next] = gapMs;
    this.#next = (this.#next + 1) % GAPS;
    this.#count = Math.min(GAPS, this.#count + 1);
  }

  /** The interval learnt, in whole milliseconds, at least `BURST_MS`; undefined while unknown. */
  get intervalMs(): number | undefined {
    if (this.#count < GAPS_NEEDED) return undefined;
    const sorted = this.#gaps.slice(0, this.#count).sort();
    const middle = this.#count >> 1;
    const upper = sorted[middle] ?? 0;
    const lower = this.#count % 2 === 1 ? upper : (sorted[middle - 1] ?? 0);
    return Math.round((lower + upper) / 2);
  }
}
