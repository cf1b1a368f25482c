import { compareUtf8 } from '../util/index.ts';

export const METRIC_NAME = '__name__';

/**
 * A label set: names and values, sorted by the names' UTF-8 bytes, names unique, no empty values
 * (an empty value is the same as no label). Immutable.
 */
export class Labels {
  static readonly EMPTY = new Labels([]);

  /** name, value, name, value, … in order. */
  readonly pairs: readonly string[];
  #key: string | undefined;

  private constructor(pairs: readonly string[]) {
    this.pairs = pairs;
  }

  /**
   * From name, value, name, value, … in any order. Empty values are dropped. Of a repeated name
   * the last value wins; a format that forbids repeats checks before.
   */
  static fromPairs(pairs: readonly string[]): Labels {
    if (isNormal(pairs)) return pairs.length === 0 ? Labels.EMPTY : new Labels(pairs.slice());
    const last = new Map<string, string>();
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      last.set(pairs[index] ?? '', pairs[index + 1] ?? '');
    }
    return Labels.fromEntries(last);
  }

  /**
   * From pairs that are known to be as a label set has them: sorted, names unique, no value empty.
   * Neither checked nor copied: the array belongs to the label set from now on.
   */
  static ofSorted(pairs: readonly string[]): Labels {
    return pairs.length === 0 ? Labels.EMPTY : new Labels(pairs);
  }

  static fromObject(object: Readonly<Record<string, string>>): Labels {
    return Labels.fromEntries(Object.entries(object));
  }

  static fromEntries(entries: Iterable<readonly [string, string]>): Labels {
    const kept = [...entries].filter(([, value]) => value !== '');
    if (kept.length === 0) return Labels.EMPTY;
    kept.sort((a, b) => compareUtf8(a[0], b[0]));
    return new Labels(kept.flat());
  }

  /** Number of labels. */
  get size(): number {
    return this.pairs.length / 2;
  }

  /** The value, or '' where there is no such label. */
  get(name: string): string {
    const pairs = this.pairs;
    for (let index = 0; index < pairs.length; index += 2) {
      if (pairs[index] === name) return pairs[index + 1] ?? '';
    }
    return '';
  }

  has(name: string): boolean {
    return this.get(name) !== '';
  }

  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  /** A string that two label sets share exactly when they are equal; for use as a map key. */
  get key(): string {
    this.#key ??= this.pairs.map(escapeKeyPart).join('\u0000');
    return this.#key;
  }

  equals(other: Labels): boolean {
    const mine = this.pairs;
    const theirs = other.pairs;
    if (mine === theirs) return true;
    if (mine.length !== theirs.length) return false;
    for (let index = 0; index < mine.length; index++) {
      if (mine[index] !== theirs[index]) return false;
    }
    return true;
  }

  /** Label by label in order; sets order as Prometheus orders them in its answers. */
  compare(other: Labels): number {
    const length = Math.min(this.pairs.length, other.pairs.length);
    for (let index = 0; index < length; index++) {
      const one = this.pairs[index] ?? '';
      const another = other.pairs[index] ?? '';
      // Fast path: most labels of series that are sorted are the same, texts that are kept once.
      if (one === another) continue;
      const order = compareUtf8(one, another);
      if (order !== 0) return order;
    }
    return this.pairs.length - other.pairs.length;
  }

  /** Without the named labels. */
  without(names: ReadonlySet<string>): Labels {
    return this.#select((name) => !names.has(name));
  }

  /** Only the named labels. */
  only(names: ReadonlySet<string>): Labels {
    return this.#select((name) => names.has(name));
  }

  /** With one label set, or removed when `value` is empty. */
  with(name: string, value: string): Labels {
    if (this.get(name) === value) return this;
    return Labels.fromPairs([...this.pairs, name, value]);
  }

  withoutName(): Labels {
    return this.has(METRIC_NAME) ? this.#select((name) => name !== METRIC_NAME) : this;
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let index = 0; index < this.pairs.length; index += 2) {
      yield [this.pairs[index] ?? '', this.pairs[index + 1] ?? ''];
    }
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this);
  }

  /** As PromQL writes it: `name{a="b"}`. */
  toString(): string {
    const rest = [...this].filter(([name]) => name !== METRIC_NAME);
    const body = rest.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
    const name = this.metricName;
    return body === '' && name !== '' ? name : `${name}{${body}}`;
  }

  /** With the labels of `other` besides; of a name that both have, with the value of `other`. */
  withAll(other: Labels): Labels {
    const [mine, theirs] = [this.pairs, other.pairs];
    const pairs: string[] = [];
    let [at, theirAt] = [0, 0];
    while (at < mine.length && theirAt < theirs.length) {
      const order = compareUtf8(mine[at]!, theirs[theirAt]!);
      if (order < 0) pairs.push(mine[at++]!, mine[at++]!);
      else pairs.push(theirs[theirAt++]!, theirs[theirAt++]!);
      if (order === 0) at += 2;
    }
    while (at < mine.length) pairs.push(mine[at++]!);
    while (theirAt < theirs.length) pairs.push(theirs[theirAt++]!);
    return Labels.ofSorted(pairs);
  }

  #select(keep: (name: string) => boolean): Labels {
    const pairs: string[] = [];
    for (let index = 0; index < this.pairs.length; index += 2) {
      const name = this.pairs[index] ?? '';
      if (keep(name)) pairs.push(name, this.pairs[index + 1] ?? '');
    }
    return pairs.length === 0 ? Labels.EMPTY : new Labels(pairs);
  }
}

function isNormal(pairs: readonly string[]): boolean {
  let previous = '';
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index] ?? '';
    if (index > 0 && compareUtf8(previous, name) >= 0) return false;
    if (pairs[index + 1] === '') return false;
    previous = name;
  }
  return true;
}

// U+0000 separates the parts of a key. A part that holds one, or that begins with the mark of
// this escape, is written with its length, so that no two label sets share a key.
function escapeKeyPart(part: string): string {
  const first = part.charCodeAt(0);
  if (first !== 1 && !part.includes('\u0000')) return part;
  return `\u0001${part.length}:${part}`;
}

const LEGACY_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Whether a metric name is legal without quotes (before UTF-8 names). */
export function isLegacyMetricName(name: string): boolean {
  return LEGACY_NAME.test(name);
}

/** Whether a label name is legal without quotes (before UTF-8 names). */
export function isLegacyLabelName(name: string): boolean {
  return LEGACY_LABEL.test(name);
}
