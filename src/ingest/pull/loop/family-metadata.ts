import {
  type ExpositionVisitor,
  unescapeHelp,
  unescapeText,
} from '../../../formats/exposition/index.ts';
import type { Metadata, MetricType } from '../../../model/index.ts';
import type { Appender } from '../../../storage/api.ts';
import { utf8Text } from '../../../util/index.ts';

/** Families beyond twice those of the first body that are kept. */
const MORE_FAMILIES_MAX = 100;

const NOTHING: Metadata = { type: 'unknown', help: '', unit: '' };

/** Metadata of a metric family with its name. */
export interface NamedMetadata extends Metadata {
  readonly metricFamily: string;
}

/**
 * What one target says of its metric families. A body repeats it every time; what reaches this is
 * mostly only the lines that are new, and it goes to storage only where it says something new.
 */
export class FamilyMetadata implements ExpositionVisitor {
  #families = new Map<string, Metadata>();
  /** What the body under way says, by family. */
  #pending = new Map<string, Metadata>();
  /** Families of which the body says two things. */
  readonly #disputed = new Set<string>();
  /** The family of the line that was read last; undefined where it has none. */
  lastFamily: string | undefined;
  #firstCount = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #format: 'text' | 'openmetrics' = 'text';

  /** Readies for a body of that format. */
  begin(format: 'text' | 'openmetrics'): void {
    this.#format = format;
    this.#pending.clear();
    this.#disputed.clear();
  }

  /** What the ranges of the next lines point into. */
  read(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.lastFamily = undefined;
  }

  /** Whether lines of that family are to be read each time: the last of them counts. */
  isDisputed(family: string | undefined): boolean {
    return family !== undefined && this.#disputed.has(family);
  }

  sample(): void {
    // Samples are no metadata.
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    this.#say(nameStart, nameEnd, (before) => ({ ...before, type }));
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const help = unescapeHelp(this.#bytes, textStart, textEnd, this.#format);
    this.#say(nameStart, nameEnd, (before) => ({ ...before, help }));
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const unit = utf8Text(this.#bytes, textStart, textEnd);
    this.#say(nameStart, nameEnd, (before) => ({ ...before, unit }));
  }

  /** Hands on what the body says anew. */
  appendTo(appender: Appender): void {
    for (const [name, metadata] of this.#pending) {
      if (!isSame(metadata, this.#families.get(name) ?? NOTHING)) {
        appender.setMetadata(name, metadata);
      }
    }
  }

  /**
   * What `appendTo` handed on is stored. Returns whether all lines are to be read again next time:
   * one that was known may come back in the place of one that is new, and many may be gone.
   */
  committed(): boolean {
    let changed = false;
    for (const [name, metadata] of this.#pending) {
      const before = this.#families.get(name);
      changed ||= before !== undefined && isContradicted(before, metadata);
      this.#families.set(name, metadata);
    }
    this.#end();
    if (this.#firstCount === 0) this.#firstCount = this.#families.size;
    if (this.#families.size <= 2 * this.#firstCount + MORE_FAMILIES_MAX) return changed;
    this.#families.clear();
    this.#firstCount = 0;
    return true;
  }

  /** Nothing of the body is kept. */
  abandon(): void {
    this.#end();
  }

  list(): readonly NamedMetadata[] {
    return Array.from(this.#families, ([metricFamily, metadata]) => ({
      metricFamily,
      ...metadata,
    }));
  }

  #end(): void {
    this.#pending.clear();
    this.#bytes = new Uint8Array(0);
  }

  #say(nameStart: number, nameEnd: number, change: (before: Metadata) => Metadata): void {
    const name = unescapeText(this.#bytes, nameStart, nameEnd);
    this.lastFamily = name;
    const said = this.#pending.get(name);
    const now = change(said ?? this.#families.get(name) ?? NOTHING);
    if (said !== undefined && isContradicted(said, now)) this.#disputed.add(name);
    this.#pending.set(name, now);
  }
}

function isSame(a: Metadata, b: Metadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}

/** Whether something that was said before is said otherwise now. */
function isContradicted(before: Metadata, now: Metadata): boolean {
  return (
    (before.type !== NOTHING.type && before.type !== now.type) ||
    (before.help !== '' && before.help !== now.help) ||
    (before.unit !== '' && before.unit !== now.unit)
  );
}
