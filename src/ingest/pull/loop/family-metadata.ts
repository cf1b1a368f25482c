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
  /** Families of which bodies say two things. */
  readonly #disputed = new Set<string>();
  /** Lines that were known when the body began do not reach this. */
  #skipsKnown = false;
  #needsAll = false;
  /** The family of the line that was read last; undefined where it has none. */
  lastFamily: string | undefined;
  #firstCount = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #format: 'text' | 'openmetrics' = 'text';

  /**
   * Readies for a body of that format.
   * @param skipsKnown only lines that are new are read, and those of families in dispute.
   */
  begin(format: 'text' | 'openmetrics', skipsKnown: boolean): void {
    this.#format = format;
    this.#skipsKnown = skipsKnown;
    this.#needsAll = false;
    this.#pending.clear();
    if (!skipsKnown) this.#disputed.clear();
  }

  /** What the ranges of the next lines point into. */
  read(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.lastFamily = undefined;
  }

  /**
   * A line that was read contradicts one that may come after it in the body without being read:
   * the body is to be read anew with all its lines, as the last of them counts.
   */
  get needsAll(): boolean {
    return this.#needsAll;
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

  /** What is said of a family, all at once; '' says nothing. */
  family(name: string, { type, help, unit }: Metadata): void {
    const said = { type, ...(help === '' ? {} : { help }), ...(unit === '' ? {} : { unit }) };
    this.#change(name, (before) => ({ ...before, ...said }));
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
   * What `appendTo` handed on is stored. Returns whether all lines are to be read again next time,
   * as there were so many families that most of them may be gone.
   */
  committed(): boolean {
    for (const [name, metadata] of this.#pending) this.#families.set(name, metadata);
    this.#end();
    if (this.#firstCount === 0) this.#firstCount = this.#families.size;
    if (this.#families.size <= 2 * this.#firstCount + MORE_FAMILIES_MAX) return false;
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
    this.#change(name, change);
  }

  #change(name: string, change: (before: Metadata) => Metadata): void {
    const said = this.#pending.get(name);
    const before = said ?? this.#families.get(name) ?? NOTHING;
    const now = change(before);
    if (isContradicted(before, now)) this.#contradict(name, said !== undefined);
    this.#pending.set(name, now);
  }

  /** @param sameBody the body says both. */
  #contradict(name: string, sameBody: boolean): void {
    if (this.#skipsKnown && !this.#disputed.has(name)) this.#needsAll = true;
    if (sameBody) this.#disputed.add(name);
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
