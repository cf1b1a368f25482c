import { Labels } from '../../../model/index.ts';

const EXPORTED_PREFIX = 'exported_';

/**
 * Joins the labels of a scraped series with those of its target. Where both have a label, the
 * scraped one gives way and is renamed `exported_…`, again and again until the name is free; with
 * `honorLabels` it is the target's that gives way, also to a scraped empty value.
 *
 * @param pairs name, value, … as scraped, empty values kept.
 */
export function mergeLabels(
  pairs: readonly string[],
  targetLabels: Labels,
  honorLabels: boolean,
): Labels {
  const merged = new Map<string, string>();
  for (let index = 0; index < pairs.length; index += 2) {
    merged.set(pairs[index]!, pairs[index + 1]!);
  }
  const clashes: [string, string][] = [];
  for (const [name, value] of targetLabels) {
    const scraped = merged.get(name);
    if (honorLabels && scraped !== undefined) continue;
    if (scraped !== undefined && scraped !== '') clashes.push([name, scraped]);
    merged.set(name, value);
  }
  // Shorter names first, so that which of two chains gets a name does not depend on their order.
  clashes.sort((a, b) => a[0].length - b[0].length);
  for (const [name, value] of clashes) {
    let renamed = EXPORTED_PREFIX + name;
    while ((merged.get(renamed) ?? '') !== '') renamed = EXPORTED_PREFIX + renamed;
    merged.set(renamed, value);
  }
  return Labels.fromEntries(merged);
}
