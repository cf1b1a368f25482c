import { METRIC_NAME } from '../../model/index.ts';
import type { CardinalityStat, StorageStats } from '../api.ts';
import type { Head } from './head.ts';
import { oldestTime } from './mem-series.ts';
import { refCount } from './postings.ts';

type HeadStats = Omit<StorageStats, 'corruptionCount'>;

/** Counts over the head; goes through every series and every label pair. */
export function headStats(head: Head, limit: number): HeadStats {
  const { table, chunks } = head;
  const valuesByLabelName: CardinalityStat[] = [];
  const bytesByLabelName: CardinalityStat[] = [];
  const seriesByLabelPair = new Largest(limit);
  const seriesByMetricName = new Largest(limit);
  for (const nameId of table.postings.names()) {
    const name = table.symbols.text(nameId);
    let bytes = 0;
    const values = table.postings.values(nameId) ?? new Map<number, number>();
    for (const [valueId, refs] of values) {
      const value = table.symbols.text(valueId);
      const count = refCount(refs);
      bytes += count * Buffer.byteLength(value);
      seriesByLabelPair.add(count, () => `${name}=${value}`);
      if (name === METRIC_NAME) seriesByMetricName.add(count, () => value);
    }
    valuesByLabelName.push({ name, value: values.size });
    bytesByLabelName.push({ name, value: bytes });
  }
  return {
    seriesCount: head.seriesCount,
    chunkCount: chunks.chunkCount,
    labelPairCount: table.postings.pairCount,
    sampleCount: head.sampleCount,
    ...timeBounds(head),
    seriesByMetricName: seriesByMetricName.stats(),
    valuesByLabelName: valuesByLabelName.sort(byValue).slice(0, limit),
    bytesByLabelName: bytesByLabelName.sort(byValue).slice(0, limit),
    seriesByLabelPair: seriesByLabelPair.stats(),
  };
}

function timeBounds(head: Head): { minTime: number | undefined; maxTime: number | undefined } {
  if (head.sampleCount === 0) return { minTime: undefined, maxTime: undefined };
  let minTime = Infinity;
  let maxTime = -Infinity;
  for (const series of head.table.all()) {
    if (!series.hasSamples) continue;
    minTime = Math.min(minTime, oldestTime(head.chunks, series));
    maxTime = Math.max(maxTime, series.newest);
  }
  return { minTime, maxTime };
}

function byValue(a: CardinalityStat, b: CardinalityStat): number {
  return b.value - a.value;
}

/** Keeps the largest of many, so that names are made for few. */
class Largest {
  readonly #limit: number;
  #stats: CardinalityStat[] = [];
  #least = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(value: number, name: () => string): void {
    if (value <= this.#least) return;
    this.#stats.push({ name: name(), value });
    if (this.#stats.length < 2 * this.#limit + 16) return;
    this.#stats = this.stats();
    this.#least = this.#stats.at(-1)?.value ?? 0;
  }

  stats(): CardinalityStat[] {
    return this.#stats.toSorted(byValue).slice(0, this.#limit);
  }
}
