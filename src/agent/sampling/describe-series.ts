import type { Metadata } from '../../model/index.ts';
import type { SeriesDescription } from './series-table.ts';

/** Endings that name a series of a family, beside the family's own name. */
const FAMILY_SUFFIX = /_(?:bucket|sum|count|total|created|info|gcount|gsum)$/;
const UNKNOWN: Metadata = { type: 'unknown', help: '', unit: '' };

/** What a series of that metric name is by the metadata of its family; unknown where none is. */
export function describeSeries(
  name: string,
  families: ReadonlyMap<string, Metadata>,
): SeriesDescription {
  const family = families.has(name) ? name : name.replace(FAMILY_SUFFIX, '');
  const found = families.get(family);
  const { type, help, unit } = found ?? UNKNOWN;
  return { family: found === undefined ? name : family, type, help, unit, priority: 'B' };
}
