/** Spends at most `perSecond` on average and `burst` at once. May run into debt, then waits. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Whether anything may be spent at `nowMs`. */
  ready(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens > 0;
  }

  /** Spends; a negative amount gives back what was not used. */
  spend(amount: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens - amount);
  }

  #fill(nowMs: number): void {
    const passedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    if (passedMs <= 0) return;
    this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs * this.#perSecond) / 1000);
  }
}
