import type { GroupSource, Reading, SeriesNamer } from '../agent/runtime/index.ts';
import { uncarriedProblem } from '../agent/runtime/index.ts';
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
  readonly #onLeftOut: (problem: string) => void;
  #hasLeftOut = false;

  /** @param onLeftOut is told once why series are left out that no session can carry. */
  constructor(namer: SeriesNamer, registry: MetricRegistry, onLeftOut: (problem: string) => void) {
    this.#namer = namer;
    this.#registry = registry;
    this.#onLeftOut = onLeftOut;
  }

  async read(timestamp: number, { columns }: Reading): Promise<void> {
    const metrics = await this.#registry.getMetricsAsJSON();
    for (const metric of metrics) {
      for (const value of metric.values ?? []) {
        if (typeof value.value !== 'number') continue;
        const id = this.#id(metric, value);
        if (id === undefined) continue;
        if (value.histogram === undefined) columns.pushValue(id, timestamp, value.value);
        else columns.pushHistogram(id, timestamp, value.histogram);
      }
    }
    if (this.#ids.size > 2 * columns.length + UNUSED_IDS_MAX) this.#ids.clear();
  }

  #id(metric: RegistryMetric, { metricName, labels }: RegistryValue): number | undefined {
    const name = metricName ?? metric.name;
    let key = name;
    for (const label in labels) key += `\n${label}\n${labels[label]}`;
    const known = this.#ids.get(key);
    if (known !== undefined && this.#namer.isKnown(known)) return known;
    const pairs = [METRIC_NAME, name];
    for (const [label, value] of Object.entries(labels)) {
      if (value !== undefined) pairs.push(label, String(value));
    }
    const all = Labels.fromPairs(pairs);
    const problem = uncarriedProblem(all);
    if (problem !== undefined) {
      if (!this.#hasLeftOut) this.#onLeftOut(problem);
      this.#hasLeftOut = true;
      return undefined;
    }
    const id = this.#namer.id(all, () => ({
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
