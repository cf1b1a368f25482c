interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void | Promise<void>;
}

/** Virtual time: what happens at a moment happens in the order in which it was planned. */
export class Timeline {
  #nowMs: number;
  #planned = 0;
  /** A binary heap by time, then by order. */
  readonly #heap: Event[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void | Promise<void>): void {
    const event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#planned++, act };
    this.#heap.push(event);
    for (let child = this.#heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!before(event, this.#heap[parent] as Event)) break;
      this.#heap[child] = this.#heap[parent] as Event;
      this.#heap[parent] = event;
      child = parent;
    }
  }

  /** Runs events one after the other until `untilMs`; `check` runs after each. */
  async run(untilMs: number, check: () => void): Promise<void> {
    for (let event = this.#heap[0]; event !== undefined; event = this.#heap[0]) {
      if (event.atMs > untilMs) break;
      this.#pop();
      this.#nowMs = event.atMs;
      await event.act();
      check();
    }
    this.#nowMs = untilMs;
  }

  #pop(): void {
    const last = this.#heap.pop() as Event;
    if (this.#heap.length === 0) return;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      const right = this.#heap[child + 1];
      if (child >= this.#heap.length) break;
      if (right !== undefined && before(right, this.#heap[child] as Event)) child++;
      if (!before(this.#heap[child] as Event, last)) break;
      this.#heap[parent] = this.#heap[child] as Event;
      parent = child;
    }
    this.#heap[parent] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
