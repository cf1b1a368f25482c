/** Time with something to do over which the rate is taken. */
const SPAN_MS = 250;
/**
 * What is kept of it from one span to the next, where less was done: bytes of batches that agents
 * had to gather have many times the samples of those before, and the window is wanted in time.
 */
const KEPT = 0.5;

/**
 * How many bytes a second the collector can take: what it dealt with, by the time in which it had
 * something to deal with. Where nothing waited says nothing of what it can do: to take what comes
 * for it makes a window small, less comes, and the window smaller still.
 */
export class ServiceRate {
  #count = 0;
  #sinceMs = 0;
  #busyMs = 0;
  #bytes = 0;
  #bytesPerSecond = 0;

  /** Bytes a second; 0 until something is known. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Something came that is to be dealt with. */
  queued(nowMs: number): void {
    if (this.#count++ === 0) this.#sinceMs = nowMs;
  }

  /** It was dealt with. */
  done(sizeBytes: number, nowMs: number): void {
    this.#bytes += sizeBytes;
    this.#count--;
    this.#passed(nowMs);
    if (this.#busyMs < SPAN_MS) return;
    const perSecond = (1000 * this.#bytes) / this.#busyMs;
    this.#bytesPerSecond = Math.max(perSecond, KEPT * this.#bytesPerSecond);
    this.#busyMs = 0;
    this.#bytes = 0;
  }

  /** The time since it was looked at last had something to do in it; none where it went back. */
  #passed(nowMs: number): void {
    this.#busyMs += Math.max(0, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }
}
