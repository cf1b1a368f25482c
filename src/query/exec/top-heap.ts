/**
 * The `capacity` greatest (or least) values offered, NaN below all others; the root is the one to
 * go next. Of equal values the choice follows from the heap's shape alone, so it is repeatable.
 */
export class TopHeap {
  readonly #capacity: number;
  readonly #least: boolean;
  readonly #indices: number[] = [];
  readonly #values: number[] = [];

  constructor(capacity: number, keepLeast: boolean) {
    this.#capacity = capacity;
    this.#least = keepLeast;
  }

  offer(index: number, value: number): void {
    const size = this.#values.length;
    if (size < this.#capacity) {
      this.#indices.push(index);
      this.#values.push(value);
      this.#up(size);
      return;
    }
    const root = this.#values[0]!;
    const isBetter = this.#least ? root > value : root < value;
    if (isBetter || (root !== root && value === value)) {
      this.#indices[0] = index;
      this.#values[0] = value;
      this.#down();
    }
  }

  /** The indices that were kept, best first. */
  ranked(): number[] {
    const order = this.#values.map((value, at) => ({ value, index: this.#indices[at]! }));
    order.sort((a, b) => {
      if (this.#isWorse(b.value, a.value)) return -1;
      return this.#isWorse(a.value, b.value) ? 1 : 0;
    });
    return order.map(({ index }) => index);
  }

  #isWorse(a: number, b: number): boolean {
    if (a !== a) return b === b;
    return this.#least ? a > b : a < b;
  }

  #up(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isWorse(this.#values[child]!, this.#values[parent]!)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #down(): void {
    const size = this.#values.length;
    for (let parent = 0; ; ) {
      let child = 2 * parent + 1;
      if (child >= size) return;
      const right = child + 1;
      if (right < size && this.#isWorse(this.#values[right]!, this.#values[child]!)) child = right;
      if (!this.#isWorse(this.#values[child]!, this.#values[parent]!)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #swap(a: number, b: number): void {
    const index = this.#indices[a]!;
    const value = this.#values[a]!;
    this.#indices[a] = this.#indices[b]!;
    this.#values[a] = this.#values[b]!;
    this.#indices[b] = index;
    this.#values[b] = value;
  }
}
