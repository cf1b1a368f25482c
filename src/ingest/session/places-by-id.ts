/** Outside of all columns. */
export const NO_PLACE = -1;

const ROOM_MIN = 16;

/** Places by id: in a column as long as ids are close together, as agents give them. */
export class PlacesById {
  /** One more than the place; 0 for none. */
  #column = new Uint32Array(ROOM_MIN);
  readonly #others = new Map<number, number>();
  #count = 0;

  /** NO_PLACE for none. */
  get(id: number): number {
    if (id < this.#column.length) return this.#column[id]! - 1;
    return this.#others.get(id) ?? NO_PLACE;
  }

  /** @param place NO_PLACE: it has none any more */
  set(id: number, place: number): void {
    const isNew = this.get(id) === NO_PLACE;
    if (isNew && place !== NO_PLACE) this.#count++;
    if (!isNew && place === NO_PLACE) this.#count--;
    // An id far beyond all others, as only a mad agent gives them, makes no column of gigabytes.
    if (id >= this.#column.length && id < 2 * this.#count) this.#grow(2 * id);
    if (id < this.#column.length) this.#column[id] = place + 1;
    else if (place === NO_PLACE) this.#others.delete(id);
    else this.#others.set(id, place);
  }

  #grow(length: number): void {
    const column = new Uint32Array(length);
    column.set(this.#column);
    this.#column = column;
    for (const [id, place] of this.#others) {
      if (id >= length) continue;
      this.#column[id] = place + 1;
      this.#others.delete(id);
    }
  }
}
