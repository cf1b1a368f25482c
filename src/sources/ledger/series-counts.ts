import type { ByteReader, ByteWriter } from '../../util/index.ts';

/**
 * How many series a group schedules at each tick: steps, of which each holds until the next, and
 * the first also for what lies before it. Memory goes with the changes of the schema.
 */
export class SeriesCounts {
  #from: number[] = [];
  #count: number[] = [];

  at(tick: number): number {
    return this.#count[this.#index(tick)] ?? 0;
  }

  /** Series times ticks over `from` to `to`, both included. */
  sum(from: number, to: number): number {
    let sum = 0;
    for (let tick = from; tick <= to; ) {
      const index = this.#index(tick);
      const end = Math.min(to, (this.#from[index + 1] ?? Infinity) - 1);
      sum += (end - tick + 1) * (this.#count[index] ?? 0);
      tick = end + 1;
    }
    return sum;
  }

  /** From tick `from` on to `to` (Infinity for ever) there are `count` series. */
  set(from: number, to: number, count: number): void {
    const index = this.#index(from);
    const stepEnd = (this.#from[index + 1] ?? Infinity) - 1;
    // Fast path: nothing changes. (What is said of ticks before the first must not follow that.)
    const isKnown = from >= (this.#from[0] ?? Infinity);
    if (isKnown && this.#count[index] === count && to <= stepEnd) return;
    if (this.#from.length === 0) {
      this.#from.push(from);
      this.#count.push(count);
      return;
    }
    const after = to === Infinity ? undefined : this.at(to + 1);
    if (from < (this.#from[0] as number)) {
      // The first step holds for what lies before it: say so before it is cut.
      this.#from[0] = from - 1;
    }
    const begin = this.#from.findIndex((tick) => tick >= from);
    const first = begin === -1 ? this.#from.length : begin;
    const beyond = this.#from.findIndex((tick) => tick > to + 1);
    const end = beyond === -1 ? this.#from.length : beyond;
    const ticks = [from];
    const counts = [count];
    if (after !== undefined) {
      ticks.push(to + 1);
      counts.push(after);
    }
    this.#from.splice(first, end - first, ...ticks);
    this.#count.splice(first, end - first, ...counts);
    this.#join();
  }

  get stepCount(): number {
    return this.#from.length;
  }

  /** Where the step begins that has `count` steps behind it. */
  stepStart(count: number): number | undefined {
    return this.#from[this.#from.length - 1 - count];
  }

  /** Forgets the steps that end before `tick`. */
  dropBefore(tick: number): void {
    const index = this.#index(tick);
    this.#from = this.#from.slice(index);
    this.#count = this.#count.slice(index);
  }

  clone(): SeriesCounts {
    const copy = new SeriesCounts();
    copy.#from = this.#from.slice();
    copy.#count = this.#count.slice();
    return copy;
  }

  encode(writer: ByteWriter): void {
    writer.uint(this.#from.length);
    let previous = 0;
    for (const [index, from] of this.#from.entries()) {
      writer.uint(index === 0 ? Math.max(0, from) : from - previous);
      writer.uint(this.#count[index] as number);
      previous = Math.max(0, from);
    }
  }

  static decode(reader: ByteReader): SeriesCounts {
    const counts = new SeriesCounts();
    const length = reader.uint();
    let from = 0;
    for (let index = 0; index < length; index++) {
      from += reader.uint();
      counts.#from.push(from);
      counts.#count.push(reader.uint());
    }
    return counts;
  }

  #join(): void {
    for (let index = this.#from.length - 1; index > 0; index--) {
      if (this.#count[index] !== this.#count[index - 1]) continue;
      this.#from.splice(index, 1);
      this.#count.splice(index, 1);
    }
  }

  /** Index of the step that holds at `tick`. */
  #index(tick: number): number {
    let low = 0;
    let high = this.#from.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#from[middle] as number) <= tick) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
