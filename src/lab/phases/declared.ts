import { METRIC } from '../agents/synthetic-load.ts';
import type { TickRange } from '../completeness-check.ts';
import type { Rig } from '../rig.ts';

/** Samples that the collector itself says are not here; undefined: it cannot say. */
export async function declaredMissing(
  rig: Rig,
  { fromTick, toTick }: TickRange,
): Promise<number | undefined> {
  const { client, options, strategy } = rig;
  const { intervalMs, series } = options;
  const [start, end] = [fromTick * intervalMs, toTick * intervalMs - 1];
  if (strategy.name === 'pull') {
    const failed = `sum(count_over_time((up{job="lab"} == 0)[${end - start}ms:${intervalMs}ms]))`;
    return (await client.number(failed, end)) * series;
  }
  if (strategy.name !== 'hybrid') return undefined;
  const parameters = { start: String(start / 1000), end: String(end / 1000) };
  const query = new URLSearchParams({ ...parameters, 'match[]': METRIC }).toString();
  const answer = (await client.get(`/api/v1/completeness?${query}`)) as Completeness;
  return answer.sources.reduce((sum, { window }) => {
    return sum + (window === null ? 0 : window.scheduled - window.covered);
  }, 0);
}

interface Completeness {
  readonly sources: readonly {
    readonly window: { readonly scheduled: number; readonly covered: number } | null;
  }[];
}
