import type { Metadata } from '../../model/index.ts';

/** UTF-16 units of all texts together, at most. */
export const METADATA_UNITS_MAX = 32 * 1024 * 1024;
/** What a family takes besides its texts, in the same measure. */
const FAMILY_UNITS = 128;

/**
 * What senders say of metric families. Nothing of it ever goes, and a push may name millions: when
 * it is too much, families that are not known are left out and the others keep what they have.
 */
export class MetadataTable {
  readonly #families = new Map<string, Metadata>();
  readonly #unitsMax: number;
  #units = 0;

  constructor(unitsMax = METADATA_UNITS_MAX) {
    this.#unitsMax = unitsMax;
  }

  get families(): ReadonlyMap<string, Metadata> {
    return this.#families;
  }

  /** False where there is no room for it. */
  set(family: string, metadata: Metadata): boolean {
    const known = this.#families.get(family);
    const before = known === undefined ? 0 : unitsOf(family, known);
    const units = this.#units - before + unitsOf(family, metadata);
    if (units > this.#unitsMax) return false;
    this.#units = units;
    this.#families.set(family, metadata);
    return true;
  }
}

function unitsOf(family: string, { help, unit }: Metadata): number {
  return FAMILY_UNITS + family.length + help.length + unit.length;
}
