import { METRIC_NAME } from '../../src/model/index.ts';
import { Load } from './load.ts';
import { SERIES_PER_NODE } from './node-series.ts';

/** Labels that a scrape adds, so that an exporter does not show them. */
const TARGET_LABELS = new Set(['cluster', 'instance', 'job', 'node', 'region', 'zone']);

/**
 * The load of several nodes as their exporters show it, in the text format with TYPE lines: what
 * belongs to the target is left out of the lines.
 */
export class Exposition {
  readonly load: Load;
  /** Of each node: for each line its series and all that stands before its value. */
  readonly #nodes: readonly (readonly { readonly index: number; readonly prefix: string }[])[];

  constructor(nodeCount: number) {
    this.load = new Load(nodeCount * SERIES_PER_NODE);
    this.#nodes = Array.from({ length: nodeCount }, (_, node) => this.#linesOf(node));
  }

  /** The body of a node with the values of the load's current tick. */
  body(node: number): string {
    let text = '';
    const { values } = this.load;
    for (const { index, prefix } of this.#nodes[node] ?? []) text += `${prefix}${values[index]}\n`;
    return text;
  }

  #linesOf(node: number): { index: number; prefix: string }[] {
    const byName = new Map<string, { index: number; prefix: string }[]>();
    for (let of = 0; of < SERIES_PER_NODE; of++) {
      const index = node * SERIES_PER_NODE + of;
      const { name, labels } = split(this.load.series[index]?.labelPairs ?? []);
      const lines = byName.get(name) ?? [];
      // Families stand together, each behind its type.
      const type = lines.length === 0 ? `# TYPE ${name} untyped\n` : '';
      lines.push({ index, prefix: `${type}${name}{${labels}} ` });
      byName.set(name, lines);
    }
    return [...byName.values()].flat();
  }
}

function split(pairs: readonly string[]): { name: string; labels: string } {
  let name = '';
  const labels: string[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    const [label = '', value = ''] = [pairs[at], pairs[at + 1]];
    if (label === METRIC_NAME) name = value;
    else if (!TARGET_LABELS.has(label)) labels.push(`${label}="${value}"`);
  }
  return { name, labels: labels.join(',') };
}
