import type { Clock } from '../util/index.ts';

/** Work that takes no longer says nothing. */
const QUIET_MS = 1000;
const TERMINAL_INTERVAL_MS = 250;
const FILE_INTERVAL_MS = 10_000;

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Says how far long work is: one line that changes on a terminal, else a line now and then. */
export class Progress {
  readonly #clock: Clock;
  readonly #stream: ProgressStream;
  readonly #startMs: number;
  #nextMs: number;
  #isShown = false;

  constructor(clock: Clock, stream: ProgressStream) {
    this.#clock = clock;
    this.#stream = stream;
    this.#startMs = clock.monotonic();
    this.#nextMs = this.#startMs + QUIET_MS;
  }

  get elapsedMs(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  /** Call as often as there is progress; the text is only made when it is shown. */
  update(text: () => string): void {
    const now = this.#clock.monotonic();
    if (now < this.#nextMs) return;
    const isTerminal = this.#stream.isTTY === true;
    this.#nextMs = now + (isTerminal ? TERMINAL_INTERVAL_MS : FILE_INTERVAL_MS);
    // Back to the line's beginning; what was there is erased.
    this.#stream.write(isTerminal ? `\r\u001b[K${text()}` : `${text()}\n`);
    this.#isShown = true;
  }

  /** Takes the line away, so that what is printed next begins a line. */
  finish(): void {
    if (this.#isShown && this.#stream.isTTY === true) this.#stream.write('\r\u001b[K');
    this.#isShown = false;
  }
}
