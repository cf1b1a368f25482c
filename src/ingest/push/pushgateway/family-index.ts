import { excerpt } from '../../../model/index.ts';
import {
  allFamilies,
  allSamples,
  type Group,
  ownFamilies,
  type PushedFamily,
  type PushedType,
} from './group.ts';

interface FamilyEntry {
  readonly type: PushedType;
  /** Keys of the groups that hold the family. */
  readonly groups: Set<string>;
}

interface SeriesOwner {
  readonly groupKey: string;
  readonly familyName: string;
}

/** Suffixes by which a histogram's or summary's samples may meet another family's. */
const PART_SUFFIXES = ['_bucket', '_count', '_sum'];

/**
 * Who holds which family and which series, over all groups. A push is checked by looking up its
 * own families and series, so the check costs what the push costs, however much is held.
 */
export class FamilyIndex {
  readonly #families = new Map<string, FamilyEntry>();
  readonly #owners = new Map<string, SeriesOwner>();

  add(group: Group): void {
    const groupKey = group.grouping.key;
    for (const family of allFamilies(group)) {
      const entry = this.#families.get(family.name);
      if (entry === undefined || entry.groups.size === 0) {
        this.#families.set(family.name, { type: family.type, groups: new Set([groupKey]) });
      } else {
        entry.groups.add(groupKey);
      }
      for (const sample of family.samples) {
        this.#owners.set(sample.labels.key, { groupKey, familyName: family.name });
      }
    }
  }

  remove(group: Group): void {
    const groupKey = group.grouping.key;
    for (const family of allFamilies(group)) {
      const entry = this.#families.get(family.name);
      entry?.groups.delete(groupKey);
      if (entry?.groups.size === 0) this.#families.delete(family.name);
    }
    for (const sample of allSamples(group)) {
      const key = sample.labels.key;
      if (this.#owners.get(key)?.groupKey === groupKey) this.#owners.delete(key);
    }
  }

  /**
   * What is wrong with these families as the families of that name in the group, or undefined.
   * What the group itself holds under the same names gives way, and with `replacesAll` all it
   * holds.
   */
  problemWith(
    groupKey: string,
    families: ReadonlyMap<string, PushedFamily>,
    replacesAll: boolean,
  ): string | undefined {
    const seen = new Set<string>();
    for (const family of families.values()) {
      const problem =
        this.#typeProblem(groupKey, family) ??
        this.#suffixProblem(groupKey, family, families, replacesAll) ??
        this.#seriesProblem(groupKey, family, (owner) => {
          const own = owner.groupKey === groupKey;
          return own && (replacesAll || families.has(owner.familyName));
        }) ??
        repeated(family, seen);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #typeProblem(groupKey: string, family: PushedFamily): string | undefined {
    const entry = this.#families.get(family.name);
    if (entry === undefined || entry.type === family.type || holdsAlone(entry, groupKey)) {
      return undefined;
    }
    const other = [...entry.groups].find((key) => key !== groupKey) ?? '';
    return (
      `metric family ${excerpt(family.name)} is pushed as ${family.type} ` +
      `but is ${entry.type} in group ${showGroup(other)}`
    );
  }

  /** Says so where another group holds the series of this group's own push times. */
  ownProblemOf(group: Group): string | undefined {
    for (const family of ownFamilies(group)) {
      const problem = this.#seriesProblem(
        group.grouping.key,
        family,
        (owner) => owner.groupKey === group.grouping.key,
      );
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  // `h_count` as a family of its own beside a histogram `h` would be read as part of it.
  #suffixProblem(
    groupKey: string,
    family: PushedFamily,
    families: ReadonlyMap<string, PushedFamily>,
    replacesAll: boolean,
  ): string | undefined {
    const typeOf = (name: string): PushedType | undefined => {
      const pushed = families.get(name);
      if (pushed !== undefined) return pushed.type;
      const entry = this.#families.get(name);
      if (entry === undefined) return undefined;
      return replacesAll && holdsAlone(entry, groupKey) ? undefined : entry.type;
    };
    const collides = (name: string, type: PushedType): string =>
      `metric family ${excerpt(family.name)} collides with ${type} ${excerpt(name)}`;
    for (const suffix of PART_SUFFIXES) {
      if (hasPart(family.type, suffix)) {
        const type = typeOf(family.name + suffix);
        if (type !== undefined) return collides(family.name + suffix, type);
      }
      if (!family.name.endsWith(suffix)) continue;
      const base = family.name.slice(0, -suffix.length);
      const type = typeOf(base);
      if (type !== undefined && hasPart(type, suffix)) return collides(base, type);
    }
    return undefined;
  }

  #seriesProblem(
    groupKey: string,
    family: PushedFamily,
    givesWay: (owner: SeriesOwner) => boolean,
  ): string | undefined {
    for (const sample of family.samples) {
      const owner = this.#owners.get(sample.labels.key);
      if (owner === undefined || givesWay(owner)) continue;
      const where =
        owner.groupKey === groupKey ? 'this group' : `group ${showGroup(owner.groupKey)}`;
      return (
        `series ${excerpt(sample.labels.toString(), 200)} is held by ${where} already ` +
        `(family ${excerpt(owner.familyName)})`
      );
    }
    return undefined;
  }
}

function hasPart(type: PushedType, suffix: string): boolean {
  return type === 'histogram' || (type === 'summary' && suffix !== '_bucket');
}

function holdsAlone(entry: FamilyEntry, groupKey: string): boolean {
  return entry.groups.size === 1 && entry.groups.has(groupKey);
}

function repeated(family: PushedFamily, seen: Set<string>): string | undefined {
  for (const sample of family.samples) {
    const { key } = sample.labels;
    if (seen.has(key)) {
      const series = excerpt(sample.labels.toString(), 200);
      return `series ${series} was collected before with the same name and label values`;
    }
    seen.add(key);
  }
  return undefined;
}

/** A group's key for people: `{job="a", instance="b"}`. */
function showGroup(key: string): string {
  const flat = JSON.parse(key) as string[];
  const pairs: string[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    pairs.push(`${flat[index]}=${JSON.stringify(flat[index + 1])}`);
  }
  return `{${pairs.join(', ')}}`;
}
