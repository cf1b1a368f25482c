import type { MetricType } from '../../model/index.ts';
import { Labels, METRIC_NAME } from '../../model/index.ts';
import type { GroupSource, Reading, SeriesNamer } from './group-source.ts';

/** A value that the agent tells of itself. */
export interface OwnMetric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** Beside those that all have: name, value. */
  readonly label?: readonly [string, string];
  value(): number;
}

/** The agent's own metrics, pushed like all others. */
export class OwnSource implements GroupSource {
  readonly name = 'agent';
  readonly marksEnds = false;
  readonly #metrics: readonly OwnMetric[];
  readonly #ids: readonly number[];

  constructor(namer: SeriesNamer, labels: Labels, metrics: readonly OwnMetric[]) {
    this.#metrics = metrics;
    this.#ids = metrics.map(({ name, type, help, label = [] }) => {
      const all = Labels.fromPairs([...labels.pairs, ...label, METRIC_NAME, name]);
      return namer.id(all, () => ({ family: name, type, unit: '', help, priority: 'C' }));
    });
  }

  read(timestamp: number, { columns }: Reading): void {
    for (const [index, metric] of this.#metrics.entries()) {
      columns.pushValue(this.#ids[index]!, timestamp, metric.value());
    }
  }
}
