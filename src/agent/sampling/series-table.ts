import type { Hash64, SchemaChange, SchemaSeries } from '../../formats/tide/index.ts';
import { schemaSeriesHash, xorHash } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import { refuseUncarried } from './series-bounds.ts';

/** What a series is, beside its labels and its group. */
export type SeriesDescription = Pick<
  SchemaSeries,
  'family' | 'type' | 'unit' | 'help' | 'priority'
>;

/** Of help texts and units; whatever the characters, the bytes are what the protocol carries. */
export const DESCRIPTION_LENGTH_MAX = 1024;

interface KeyedSeries {
  readonly series: SchemaSeries;
  readonly key: string;
}

/**
 * Every series that this run of the agent has named and not ended, by id. What was added or ended
 * since the last change is what the next SCHEMA says. Ids count up from 0 and are not used again.
 */
export class SeriesTable {
  readonly #externalLabels: Labels;
  /** By id, in order of ids. */
  readonly #series = new Map<number, KeyedSeries>();
  #nextId = 0;
  readonly #ids = new Map<string, number>();
  #added: SchemaSeries[] = [];
  #ended: number[] = [];
  #hash: Hash64 = { low: 0, high: 0 };
  #version = 0;

  /** @param externalLabels stand on every series that has no label of that name. */
  constructor(externalLabels: Labels) {
    this.#externalLabels = externalLabels;
  }

  /** Of the schema that was told last. */
  get version(): number {
    return this.#version;
  }

  /** Of the schema that was told last. */
  get hash(): Hash64 {
    return this.#hash;
  }

  /** Series that have not ended. */
  get size(): number {
    return this.#ids.size;
  }

  /** Whether the next `change` has something to say. */
  get hasChange(): boolean {
    return this.#added.length > 0 || this.#ended.length > 0;
  }

  get(id: number): SchemaSeries | undefined {
    return this.#series.get(id)?.series;
  }

  /**
   * The id of a series within a group, made where there is none.
   * @throws UncarriedSeriesError where no session can carry its labels.
   */
  add(group: number, labels: Labels, describe: () => SeriesDescription): number {
    const key = `${group} ${labels.key}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    refuseUncarried(labels);
    const { unit, help, ...described } = describe();
    const id = this.#nextId++;
    const series: SchemaSeries = {
      ...{ id, labels: this.#complete(labels), group, ...described },
      unit: unit.slice(0, DESCRIPTION_LENGTH_MAX),
      help: help.slice(0, DESCRIPTION_LENGTH_MAX),
    };
    this.#series.set(id, { series, key });
    this.#ids.set(key, id);
    this.#added.push(series);
    return id;
  }

  /** The series will not come again under this id. */
  end(id: number): void {
    const keyed = this.#series.get(id);
    if (keyed === undefined) return;
    const { series, key } = keyed;
    this.#ids.delete(key);
    this.#series.delete(id);
    // One that was never told of need not be ended.
    const untold = this.#added.indexOf(series);
    if (untold >= 0) this.#added.splice(untold, 1);
    else {
      this.#ended.push(id);
      this.#hash = xorHash(this.#hash, schemaSeriesHash(series));
    }
  }

  /**
   * The oldest of what no SCHEMA has told of yet, with at most so many additions and ends. The
   * caller goes on until `hasChange` is false. Each change that is told has the next version.
   */
  change(maxSeries: number): SchemaChange {
    const series = this.#added.slice(0, maxSeries);
    const tombstones = this.#ended.slice(0, maxSeries).sort((a, b) => a - b);
    let hash = this.#hash;
    for (const one of series) hash = xorHash(hash, schemaSeriesHash(one));
    return { version: this.#version + 1, series, tombstones, hash };
  }

  /** That change, the last of `change`, is sealed. */
  told({ version, series, tombstones, hash }: SchemaChange): void {
    this.#version = version;
    this.#hash = hash;
    this.#added.splice(0, series.length);
    this.#ended.splice(0, tombstones.length);
  }

  *[Symbol.iterator](): IterableIterator<SchemaSeries> {
    for (const { series } of this.#series.values()) yield series;
  }

  #complete(labels: Labels): Labels {
    let complete = labels;
    for (const [name, value] of this.#externalLabels) {
      if (!labels.has(name)) complete = complete.with(name, value);
    }
    return complete;
  }
}
