import { Labels, METRIC_NAME } from '../../model/index.ts';
import type { GroupSource, Reading, SeriesNamer } from './group-source.ts';

const SERIES_FACTOR = 1e8;
const AGENT_FACTOR = 1e13;

/**
 * The value of a synthetic series at a tick: agent, series and tick can be read from it, and it is
 * exact below 900 agents, 100,000 series and 10^8 ticks.
 */
export function syntheticValue(agent: number, series: number, tick: number): number {
  return agent * AGENT_FACTOR + series * SERIES_FACTOR + (tick % SERIES_FACTOR);
}

/** What `syntheticValue` was made of. */
export function syntheticParts(value: number): { agent: number; series: number; tick: number } {
  return {
    agent: Math.floor(value / AGENT_FACTOR),
    series: Math.floor((value % AGENT_FACTOR) / SERIES_FACTOR),
    tick: value % SERIES_FACTOR,
  };
}

/** Series whose values tell agent, series and tick: what is lost or doubled shows. */
export class SyntheticSource implements GroupSource {
  readonly name = 'synthetic';
  readonly marksEnds = false;
  readonly #agent: number;
  readonly #intervalMs: number;
  readonly #ids: readonly number[];

  constructor(
    namer: SeriesNamer,
    { agent, series, intervalMs }: { agent: number; series: number; intervalMs: number },
  ) {
    this.#agent = agent;
    this.#intervalMs = intervalMs;
    this.#ids = Array.from({ length: series }, (_, index) => {
      const name = 'tidegauge_synthetic';
      const labels = Labels.fromPairs([METRIC_NAME, name, 'series', String(index)]);
      return namer.id(labels, () => ({
        family: name,
        type: 'gauge',
        unit: '',
        help: 'Encodes agent, series and tick.',
        priority: 'B',
      }));
    });
  }

  read(timestamp: number, { columns }: Reading): void {
    const tick = Math.floor(timestamp / this.#intervalMs);
    const ids = this.#ids;
    for (let series = 0; series < ids.length; series++) {
      columns.pushValue(ids[series]!, timestamp, syntheticValue(this.#agent, series, tick));
    }
  }
}
