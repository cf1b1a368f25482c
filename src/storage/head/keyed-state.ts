/** Durable small values by key `kind/rest`; grouped by kind, so that a prefix is found quickly. */
export class KeyedState {
  #byKind = new Map<string, Map<string, Uint8Array>>();

  /** Sets or removes a value. The bytes are kept and must not change any more. */
  put(key: string, value: Uint8Array | undefined): void {
    const kind = kindOf(key);
    const group = this.#byKind.get(kind);
    if (value !== undefined) {
      if (group === undefined) this.#byKind.set(kind, new Map([[key, value]]));
      else group.set(key, value);
      return;
    }
    if (group?.delete(key) === true && group.size === 0) this.#byKind.delete(kind);
  }

  /** Keys that begin with the prefix, with copies of their values. */
  read(prefix: string): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const [key, value] of this.#candidates(prefix)) {
      if (key.startsWith(prefix)) found.set(key, value.slice());
    }
    return found;
  }

  entries(): [string, Uint8Array][] {
    return [...this.#candidates('')];
  }

  *#candidates(prefix: string): IterableIterator<[string, Uint8Array]> {
    if (prefix.includes('/')) {
      yield* this.#byKind.get(kindOf(prefix)) ?? [];
      return;
    }
    for (const group of this.#byKind.values()) yield* group;
  }
}

function kindOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? key : key.slice(0, slash);
}
