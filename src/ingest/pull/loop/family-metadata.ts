import { unescapeHelp, unescapeText } from '../../../formats/exposition/index.ts';
import type { Metadata, MetricType } from '../../../model/index.ts';
import type { Appender } from '../../../storage/api.ts';
import { utf8Text } from '../../../util/index.ts';
import { IdentityCache, UNKNOWN_ENTRY } from '../../identity/index.ts';

/** Families not seen any more that are kept beside those of the last scrape. */
const UNSEEN_FAMILIES_MAX = 100;

const EMPTY = new Uint8Array(0);

interface Family {
  readonly name: string;
  type: MetricType;
  /** As in the body, escapes unresolved. */
  help: Uint8Array;
  unit: Uint8Array;
  dirty: boolean;
}

/** Metadata of a metric family with its name. */
export interface NamedMetadata extends Metadata {
  readonly metricFamily: string;
}

/**
 * What one target says of its metric families. A body repeats it every time, so it is compared as
 * bytes, and goes to storage only when it changed.
 */
export class FamilyMetadata {
  readonly #names = new IdentityCache();
  /** By entry of `#names`; entry 0 is none. */
  #families: (Family | undefined)[] = [undefined];
  #dirty: Family[] = [];
  #bytes: Uint8Array = EMPTY;
  #format: 'text' | 'openmetrics' = 'text';
  #lastStart = 0;
  #lastEnd = -1;
  #lastFamily: Family | undefined;
  #seen = 0;

  begin(bytes: Uint8Array, format: 'text' | 'openmetrics'): void {
    this.#format = format;
    this.#names.begin(bytes);
    this.#bytes = bytes;
    this.#lastFamily = undefined;
    this.#seen = 0;
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    const family = this.#family(nameStart, nameEnd);
    if (family.type === type) return;
    family.type = type;
    this.#mark(family);
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const family = this.#family(nameStart, nameEnd);
    if (this.#equals(family.help, textStart, textEnd)) return;
    family.help = this.#bytes.slice(textStart, textEnd);
    this.#mark(family);
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const family = this.#family(nameStart, nameEnd);
    if (this.#equals(family.unit, textStart, textEnd)) return;
    family.unit = this.#bytes.slice(textStart, textEnd);
    this.#mark(family);
  }

  /** Hands on what changed since the last `committed`. */
  appendTo(appender: Appender): void {
    for (const family of this.#dirty) appender.setMetadata(family.name, this.#metadata(family));
  }

  /** What `appendTo` handed on is stored. */
  committed(): void {
    for (const family of this.#dirty) family.dirty = false;
    this.#dirty = [];
    if (this.#names.size > 2 * this.#seen + UNSEEN_FAMILIES_MAX) this.#forget();
  }

  /** The scrape failed: what it said anew is not kept, and what was known is said once more. */
  abandon(): void {
    if (this.#dirty.length === 0) return;
    this.#dirty = [];
    this.#forget();
  }

  /** Lets go of the body. */
  end(): void {
    this.#names.end();
    this.#bytes = EMPTY;
    this.#lastFamily = undefined;
  }

  list(): readonly NamedMetadata[] {
    return this.#families
      .filter((family) => family !== undefined)
      .map((family) => ({ metricFamily: family.name, ...this.#metadata(family) }));
  }

  #forget(): void {
    this.#names.clear();
    this.#families = [undefined];
  }

  #mark(family: Family): void {
    if (family.dirty) return;
    family.dirty = true;
    this.#dirty.push(family);
  }

  #family(start: number, end: number): Family {
    const last = this.#lastFamily;
    // Fast path: HELP, TYPE and UNIT of a family follow each other.
    if (last !== undefined && this.#isLast(start, end)) return last;
    let entry = this.#names.lookup(start, end);
    if (entry === UNKNOWN_ENTRY) {
      entry = this.#names.insert(start, end, 0);
      const name = unescapeText(this.#bytes, start, end);
      const family = { name, type: 'unknown', help: EMPTY, unit: EMPTY, dirty: false } as const;
      this.#families[entry] = { ...family };
    }
    if (this.#names.touch(entry) !== this.#names.pass) this.#seen++;
    const family = this.#families[entry]!;
    this.#lastFamily = family;
    this.#lastStart = start;
    this.#lastEnd = end;
    return family;
  }

  #isLast(start: number, end: number): boolean {
    if (end - start !== this.#lastEnd - this.#lastStart) return false;
    const bytes = this.#bytes;
    for (let mine = start, theirs = this.#lastStart; mine < end; mine++, theirs++) {
      if (bytes[mine] !== bytes[theirs]) return false;
    }
    return true;
  }

  #equals(held: Uint8Array, start: number, end: number): boolean {
    if (held.length !== end - start) return false;
    const bytes = this.#bytes;
    for (let mine = start, theirs = 0; mine < end; mine++, theirs++) {
      if (bytes[mine] !== held[theirs]) return false;
    }
    return true;
  }

  #metadata(family: Family): Metadata {
    const { type, help, unit } = family;
    return {
      type,
      help: unescapeHelp(help, 0, help.length, this.#format),
      unit: utf8Text(unit, 0, unit.length),
    };
  }
}
