import type { GroupSource, Reading, SeriesNamer } from '../agent/runtime/index.ts';
import { Labels, METRIC_NAME, type MetricType } from '../model/index.ts';
import type { MetricRegistry, RegistryMetric, RegistryValue } from './types.ts';

const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary']);
/** Series whose ids are remembered beside those of the last reading. */
const UNUSED_IDS_MAX = 1000;

/** A registry of prom-client as a group of series. */
export class RegistrySource implements GroupSource {
  readonly name = 'registry';
  readonly marksEnds = false;
  readonly #namer: SeriesNamer;
  readonly #registry: MetricRegistry;
  readonly #ids = new Map<string, number>();

  constructor(namer: SeriesNamer, registry: MetricRegistry) {
    this.#namer = namer;
    this.#registry = registry;
  }

  async read(timestamp: number, { columns }: Reading): Promise<void> {
    const metrics = await this.#registry.getMetricsAsJSON();
    for (const metric of metrics) {
      for (const value of metric.values ?? []) {
        if (typeof value.value !== 'number') continue;
        const id = this.#id(metric, value);
        if (value.histogram === undefined) columns.pushValue(id, timestamp, value.value);
        else columns.pushHistogram(id, timestamp, value.histogram);
      }
    }
    if (this.#ids.size > 2 * columns.length + UNUSED_IDS_MAX) this.#ids.clear();
  }

  #id(metric: RegistryMetric, { metricName, labels }: RegistryValue): number {
    const name = metricName ?? metric.name;
    let key = name;
    for (const label in labels) key += `\n${label}\n${labels[label]}`;
    const known = this.#ids.get(key);
    if (known !== undefined && this.#namer.isKnown(known)) return known;
    const pairs = [METRIC_NAME, name];
    for (const [label, value] of Object.entries(labels)) {
      if (value !== undefined) pairs.push(label, String(value));
    }
    const id = this.#namer.id(Labels.fromPairs(pairs), () => ({
      family: metric.name,
      type: typeOf(metric),
      unit: '',
      help: metric.help ?? '',
      priority: 'B',
    }));
    this.#ids.set(key, id);
    return id;
  }
}

function typeOf({ type }: RegistryMetric): MetricType {
  return typeof type === 'string' && TYPES.has(type) ? (type as MetricType) : 'unknown';
}
