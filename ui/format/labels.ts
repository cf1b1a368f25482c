import type { Labels } from '../api/prometheus.ts';

/** Label sets split into what all share and what tells them apart. */
export interface FactoredLabels {
  /** Labels with the same value in every set; empty with fewer than two sets. */
  common: Labels;
  /** Per set, in the order given, what remains. */
  distinct: Labels[];
}

/** Takes the labels that every set has with the same value out of the sets. */
export function factorLabels(sets: readonly Labels[]): FactoredLabels {
  const first = sets[0];
  if (first === undefined || sets.length < 2) {
    return { common: {}, distinct: sets.map((set) => ({ ...set })) };
  }
  const common: Labels = {};
  for (const [name, value] of Object.entries(first)) {
    if (sets.every((set) => set[name] === value)) common[name] = value;
  }
  const distinct = sets.map((set) =>
    Object.fromEntries(Object.entries(set).filter(([name]) => !Object.hasOwn(common, name))),
  );
  return { common, distinct };
}

/** Labels without the metric name, sorted by name. */
export function sortedLabels(labels: Labels): [string, string][] {
  return Object.entries(labels)
    .filter(([name]) => name !== '__name__')
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

const PLAIN_METRIC = /^[A-Za-z_:][\w:]*$/;
const PLAIN_LABEL = /^[A-Za-z_]\w*$/;

/** A label set as a selector that PromQL reads; names outside the classic set are quoted. */
export function formatSelector(labels: Labels): string {
  const name = labels['__name__'] ?? '';
  const plain = PLAIN_METRIC.test(name);
  const pairs = sortedLabels(labels).map(
    ([label, value]) =>
      `${PLAIN_LABEL.test(label) ? label : JSON.stringify(label)}=${JSON.stringify(value)}`,
  );
  if (!plain && name !== '') pairs.unshift(JSON.stringify(name));
  if (pairs.length === 0) return plain ? name : '{}';
  return `${plain ? name : ''}{${pairs.join(', ')}}`;
}

/** Names of all labels in the sets, the metric name first and the rest sorted. */
export function labelColumns(sets: readonly Labels[]): string[] {
  const names = new Set<string>();
  for (const set of sets) for (const name of Object.keys(set)) names.add(name);
  const hasName = names.delete('__name__');
  const sorted = [...names].sort();
  return hasName ? ['__name__', ...sorted] : sorted;
}
