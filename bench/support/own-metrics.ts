import { get } from './http-client.ts';

/** The collector's own metrics, by name and labels as they are written. */
export async function ownMetrics(url: string): Promise<ReadonlyMap<string, number>> {
  const { body } = await get(`${url}/metrics`);
  const values = new Map<string, number>();
  for (const [, series = '', value = ''] of body.matchAll(/^([a-z_]\w*(?:\{.*\})?) (\S+)$/gim)) {
    values.set(series, Number(value));
  }
  return values;
}

/** Delays of the main event loop since they were last asked for, in milliseconds. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Takes the delays out of the metrics. @throws Error where one is missing */
export function loopDelayOf(metrics: ReadonlyMap<string, number>): LoopDelay {
  const read = (statistic: string): number => {
    const series = `tidegauge_event_loop_delay_seconds{statistic="${statistic}"}`;
    const seconds = metrics.get(series);
    if (seconds === undefined) throw new Error(`/metrics does not have ${series}`);
    return seconds * 1000;
  };
  return { p50Ms: read('p50'), p99Ms: read('p99'), maxMs: read('max') };
}
