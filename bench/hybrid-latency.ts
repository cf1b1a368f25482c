import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../test/support/hybrid-store-check.ts';
import type { AgentLoad } from './hybrid-loads.ts';

const INTERVAL_MS = 1000;
const POLL_MS = 2;
/** Agents that are watched at a time: more queries would be a load of their own. */
const WATCHED = 3;
const READS = 100;
const NUMBER_STEP = 37;

export interface Latencies {
  /** From the time of a tick until a query shows it, in milliseconds. */
  readonly visibleMs: number[];
  /** From asking an agent to its answer. */
  readonly readMs: number[];
}

/** How soon a tick of some of the agents can be queried, and how soon agents answer READ. */
export async function measureLatencies(
  url: string,
  { agents, series }: AgentLoad,
  seconds: number,
): Promise<Latencies> {
  const visibleMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  const watch = async (first: number): Promise<void> => {
    for (let agent = first; performance.now() < endMs; agent += NUMBER_STEP * WATCHED) {
      visibleMs.push(await nextTickMs(url, agent % agents, series));
    }
  };
  await Promise.all(Array.from({ length: WATCHED }, (_, index) => watch(index * NUMBER_STEP)));
  const readMs: number[] = [];
  for (let read = 0; read < READS; read++) {
    const start = performance.now();
    const path = `/api/v1/agents/synthetic-${(read * NUMBER_STEP) % agents}/read`;
    const params = { selector: 'tidegauge_synthetic{series="7"}' };
    await ask(url, path, params, { method: 'POST' });
    readMs.push(performance.now() - start);
  }
  return { visibleMs, readMs };
}

/** Waits for the agent's next tick, and until it can be queried. */
async function nextTickMs(url: string, agent: number, series: number): Promise<number> {
  const tick = Math.floor(Date.now() / INTERVAL_MS) + 1;
  await sleep(tick * INTERVAL_MS - Date.now());
  const name = `agent="synthetic-${agent}",series="${series - 1}"`;
  const query = `timestamp(tidegauge_synthetic{${name}})`;
  type Vector = { readonly result: readonly { readonly value: readonly [number, string] }[] };
  for (;;) {
    const { result } = await ask<Vector>(url, '/api/v1/query', { query });
    const passedMs = Date.now() - tick * INTERVAL_MS;
    const isThere = Number(result[0]?.value[1] ?? 0) * 1000 >= tick * INTERVAL_MS;
    // One that never comes is another's to say; for the figures it came as late as this.
    if (isThere || passedMs > 10 * INTERVAL_MS) return passedMs;
    await sleep(POLL_MS);
  }
}
