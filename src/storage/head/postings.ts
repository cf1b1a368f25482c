/** Refs that have one label pair, ascending; a lone ref stands for itself. */
export type RefList = number | readonly number[];

/**
 * For each label name and value (as symbol ids) the refs of the series that have the pair,
 * ascending. Most pairs of a large store belong to one series only, so these cost no array.
 */
export class Postings {
  #byName = new Map<number, Map<number, number | number[]>>();
  #pairCount = 0;

  /** Number of different label pairs. */
  get pairCount(): number {
    return this.#pairCount;
  }

  names(): IterableIterator<number> {
    return this.#byName.keys();
  }

  /** Values of a name with their refs; undefined where no series has the name. */
  values(nameId: number): ReadonlyMap<number, RefList> | undefined {
    return this.#byName.get(nameId);
  }

  refs(nameId: number, valueId: number): RefList | undefined {
    return this.#byName.get(nameId)?.get(valueId);
  }

  /** Enters a series under each of its pairs (name, value, name, value, …). */
  add(ref: number, symbolIds: readonly number[]): void {
    for (let index = 0; index < symbolIds.length; index += 2) {
      this.#addPair(ref, symbolIds[index]!, symbolIds[index + 1]!);
    }
  }

  /** Removes series; `symbolIds` are the pairs that any of them has. */
  remove(refs: ReadonlySet<number>, pairs: Iterable<readonly number[]>): void {
    const done = new Set<number[]>();
    for (const symbolIds of pairs) {
      for (let index = 0; index < symbolIds.length; index += 2) {
        this.#removeFrom(symbolIds[index]!, symbolIds[index + 1]!, refs, done);
      }
    }
  }

  #addPair(ref: number, nameId: number, valueId: number): void {
    let values = this.#byName.get(nameId);
    if (values === undefined) {
      values = new Map();
      this.#byName.set(nameId, values);
    }
    const list = values.get(valueId);
    if (list === undefined) {
      values.set(valueId, ref);
      this.#pairCount++;
    } else if (typeof list === 'number') {
      values.set(valueId, list < ref ? [list, ref] : [ref, list]);
    } else {
      insertRef(list, ref);
    }
  }

  #removeFrom(
    nameId: number,
    valueId: number,
    refs: ReadonlySet<number>,
    done: Set<number[]>,
  ): void {
    const values = this.#byName.get(nameId);
    const list = values?.get(valueId);
    if (values === undefined || list === undefined) return;
    if (typeof list !== 'number') {
      // A list that many of the removed share is gone through once.
      if (done.has(list)) return;
      const kept = list.filter((ref) => !refs.has(ref));
      done.add(kept);
      if (kept.length > 0) {
        values.set(valueId, kept);
        return;
      }
    } else if (!refs.has(list)) {
      return;
    }
    values.delete(valueId);
    this.#pairCount--;
    if (values.size === 0) this.#byName.delete(nameId);
  }
}

function insertRef(list: number[], ref: number): void {
  // Fast path: refs grow, and series become known mostly in that order.
  if (ref > list[list.length - 1]!) {
    list.push(ref);
    return;
  }
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  if (list[low] !== ref) list.splice(low, 0, ref);
}

/** Number of refs in a list. */
export function refCount(list: RefList): number {
  return typeof list === 'number' ? 1 : list.length;
}
