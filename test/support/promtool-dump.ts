import { createMatcher, isStaleAt, type Labels, SampleColumns } from '../../src/model/index.ts';
import type { Queryable } from '../../src/storage/api.ts';

const ALWAYS = { minTime: -(2 ** 52), maxTime: 2 ** 52 };

/**
 * The float samples of a store as `promtool tsdb dump` prints those of blocks: one line for each,
 * `{labels} value time`. Staleness markers print as NaN; histograms it leaves out.
 */
export async function promtoolDump(storage: Queryable): Promise<string[]> {
  const lines: string[] = [];
  const querier = storage.querier();
  try {
    const set = await querier.select([createMatcher('=~', '__name__', '.*')], ALWAYS);
    const columns = new SampleColumns();
    for (let index = 0; index < set.length; index++) {
      columns.reset();
      set.samples(index, columns);
      const labels = goLabels(set.labels(index));
      for (let at = 0; at < columns.length; at++) {
        const value = isStaleAt(columns.words, at) ? 'NaN' : goFloat(columns.values[at] ?? 0);
        lines.push(`${labels} ${value} ${columns.timestamps[at]}`);
      }
    }
  } finally {
    querier.close();
  }
  return lines;
}

function goLabels(labels: Labels): string {
  return `{${[...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

/** As Go's `%g` prints a double: the fewest digits that tell it, an exponent from 10^6 on. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
