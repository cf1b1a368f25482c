/** Keys of one owner with their values. */
type Group = Map<string, Uint8Array>;

/**
 * Durable small values by key `kind/owner/rest`, the later parts of which may be missing; grouped
 * by kind and owner, so that a prefix is found quickly among the keys of many.
 */
export class KeyedState {
  readonly #byKind = new Map<string, Map<string, Group>>();

  /** Sets or removes a value. The bytes are kept and must not change any more. */
  put(key: string, value: Uint8Array | undefined): void {
    const kind = kindOf(key);
    const owner = ownerOf(key) ?? kind;
    if (value === undefined) this.#remove(key, kind, owner);
    else this.#groupOf(kind, owner).set(key, value);
  }

  /**
   * Keys that begin with the prefix, with copies of their values. Costs a look at each key of the
   * owner, where the prefix names one to its end; else of the kind, or of all.
   */
  read(prefix: string): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    for (const group of this.#candidates(prefix)) {
      for (const [key, value] of group) if (key.startsWith(prefix)) found.set(key, value.slice());
    }
    return found;
  }

  entries(): [string, Uint8Array][] {
    return [...this.#candidates('')].flatMap((group) => [...group]);
  }

  #groupOf(kind: string, owner: string): Group {
    const owners = this.#byKind.get(kind) ?? new Map<string, Group>();
    const group = owners.get(owner) ?? new Map<string, Uint8Array>();
    this.#byKind.set(kind, owners);
    owners.set(owner, group);
    return group;
  }

  #remove(key: string, kind: string, owner: string): void {
    const owners = this.#byKind.get(kind);
    const group = owners?.get(owner);
    if (group?.delete(key) !== true || group.size > 0) return;
    owners?.delete(owner);
    if (owners?.size === 0) this.#byKind.delete(kind);
  }

  *#candidates(prefix: string): IterableIterator<Group> {
    if (!prefix.includes('/')) {
      for (const owners of this.#byKind.values()) yield* owners.values();
      return;
    }
    const owners = this.#byKind.get(kindOf(prefix));
    const owner = ownerOf(prefix);
    if (owner === undefined) {
      yield* owners?.values() ?? [];
      return;
    }
    const group = owners?.get(owner);
    if (group !== undefined) yield group;
  }
}

function kindOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? key : key.slice(0, slash);
}

/** `kind/owner`; undefined where nothing follows that. */
function ownerOf(key: string): string | undefined {
  const first = key.indexOf('/');
  const second = first < 0 ? -1 : key.indexOf('/', first + 1);
  return second < 0 ? undefined : key.slice(0, second);
}
