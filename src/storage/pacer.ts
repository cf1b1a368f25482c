/** How long one piece of work may keep the event loop of the main thread. */
export const SLICE_MS = 4;
/** Looking at the clock costs more than most items of work. */
const LOOK_EVERY = 64;

/** Resolves when everything else that waits for the event loop has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Cuts long work into slices. Call `due` once for each item; when it says so, await `pause`, in
 * which everything else that waits gets its turn.
 */
export class Pacer {
  readonly #sliceMs: number;
  readonly #turns: number;
  #startMs = performance.now();
  #untilLook = LOOK_EVERY;

  /**
   * @param turns that others get between two slices. With one, work that nobody waits for takes
   *   half of a core that is short, with more it takes less; on an idle core they cost nothing.
   */
  constructor(sliceMs = SLICE_MS, turns = 1) {
    this.#sliceMs = sliceMs;
    this.#turns = turns;
  }

  /** Whether the slice is used up. */
  due(): boolean {
    if (--this.#untilLook > 0) return false;
    this.#untilLook = LOOK_EVERY;
    return performance.now() - this.#startMs >= this.#sliceMs;
  }

  /** The same, for items that are long each. */
  dueNow(): boolean {
    return performance.now() - this.#startMs >= this.#sliceMs;
  }

  async pause(): Promise<void> {
    for (let turn = 0; turn < this.#turns; turn++) await nextTurn();
    this.#startMs = performance.now();
  }
}
