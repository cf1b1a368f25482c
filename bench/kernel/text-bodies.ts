import type { Load } from '../load/load.ts';
import { SERIES_PER_NODE } from '../load/node-series.ts';

/** Labels that a collector adds itself, so that no target exposes them. */
const ADDED = new Set(['__name__', 'cluster', 'instance', 'job', 'node', 'region', 'zone']);

/** What the nodes of a load expose now, in the text format: one body for each. */
export function textBodies(load: Load): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let first = 0; first < load.series.length; first += SERIES_PER_NODE) {
    const lines: string[] = [];
    for (let index = first; index < first + SERIES_PER_NODE; index++) {
      const series = load.series[index];
      if (series === undefined) break;
      lines.push(`${seriesText(series.labelPairs)} ${load.values[index] ?? 0}\n`);
    }
    bodies.push(Buffer.from(lines.join('')));
  }
  return bodies;
}

function seriesText(pairs: readonly string[]): string {
  let name = '';
  const labels: string[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const [label = '', value = ''] = pairs.slice(index, index + 2);
    if (label === '__name__') name = value;
    else if (!ADDED.has(label)) labels.push(`${label}="${value}"`);
  }
  return labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
}
