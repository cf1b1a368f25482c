/**
 * Label names and values, each held once and known by a small number. Counted by use: a symbol
 * that no series needs any more goes, and its number is given to another one later.
 */
export class Symbols {
  #ids = new Map<string, number>();
  #texts: string[] = [];
  #uses = new Uint32Array(1024);
  #freeIds: number[] = [];

  /** Number of ids handed out so far; every id is below it. */
  get idLimit(): number {
    return this.#texts.length;
  }

  /** The id of a text, undefined where no series uses it. */
  idOf(text: string): number | undefined {
    return this.#ids.get(text);
  }

  text(id: number): string {
    return this.#texts[id] ?? '';
  }

  /** The id of a text, one use more. */
  acquire(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#freeIds.pop() ?? this.#texts.length;
      this.#texts[id] = text;
      this.#ids.set(text, id);
      if (id >= this.#uses.length) this.#grow();
    }
    this.#uses[id] = this.#uses[id]! + 1;
    return id;
  }

  /** One use less. */
  release(id: number): void {
    const uses = this.#uses[id]! - 1;
    this.#uses[id] = uses;
    if (uses > 0) return;
    this.#ids.delete(this.text(id));
    this.#texts[id] = '';
    this.#freeIds.push(id);
  }

  #grow(): void {
    const uses = new Uint32Array(2 * this.#uses.length);
    uses.set(this.#uses);
    this.#uses = uses;
  }
}
