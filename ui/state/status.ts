import { signal } from '@preact/signals';
import type { ApiClient } from '../api/client.ts';
import type { BuildInfo, RuntimeInfo } from '../api/prometheus.ts';
import { parseValue } from '../format/value.ts';

/** Own metrics of the collector that the page shows, by what they are called there. */
export interface Figure {
  title: string;
  query: string;
  unit: 'number' | 'seconds' | 'bytes';
}

/** Where the collector does not export one of these, its figure is left out. */
export const FIGURES: readonly Figure[] = [
  {
    title: 'CPU cores used',
    query: 'sum(rate(process_cpu_seconds_total{job="tidegauge"}[1m]))',
    unit: 'number',
  },
  {
    title: 'Resident memory',
    query: 'sum(process_resident_memory_bytes{job="tidegauge"})',
    unit: 'bytes',
  },
  {
    title: 'Event-loop delay p99',
    query: 'max(tidegauge_event_loop_delay_seconds{statistic="p99"})',
    unit: 'seconds',
  },
];

/** Build, runtime and figures of the collector, as last read. */
export function createStatus(client: ApiClient) {
  const build = signal<BuildInfo | null>(null);
  const runtime = signal<RuntimeInfo | null>(null);
  const reachable = signal<boolean | null>(null);
  /** Values by figure title; a figure without data is absent. */
  const figures = signal<ReadonlyMap<string, number>>(new Map());

  const refresh = async (): Promise<void> => {
    const [newBuild, newRuntime] = await Promise.allSettled([
      client.buildInfo(),
      client.runtimeInfo(),
    ]);
    if (newBuild.status === 'fulfilled') build.value = newBuild.value;
    if (newRuntime.status === 'fulfilled') runtime.value = newRuntime.value;
    reachable.value = newBuild.status === 'fulfilled' || newRuntime.status === 'fulfilled';
  };

  const refreshFigures = async (): Promise<void> => {
    const values = await Promise.all(FIGURES.map(({ query }) => readFigure(client, query)));
    const found = new Map<string, number>();
    for (const [index, { title }] of FIGURES.entries()) {
      const value = values[index];
      if (value !== null && value !== undefined && Number.isFinite(value)) found.set(title, value);
    }
    figures.value = found;
  };
  return { build, runtime, reachable, figures, refresh, refreshFigures };
}

/** The single value of a query; null where it has none or fails. */
async function readFigure(client: ApiClient, query: string): Promise<number | null> {
  try {
    const data = await client.figure(query);
    const text = data.resultType === 'vector' ? data.result[0]?.value?.[1] : undefined;
    return text === undefined ? null : parseValue(text);
  } catch {
    // A figure that cannot be read is left out; the strip says when the collector is away.
    return null;
  }
}
