import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetAgent, HybridFleet } from './hybrid-fleet.ts';
import { until } from './hybrid-fleet.ts';
import { type LiveLatency, watchLive } from './live-latency.ts';

/** How fast things came, in milliseconds. */
export interface Figures extends LiveLatency {
  readonly readMs: readonly number[];
}

/** How a fleet does while nothing is broken. */
export async function measureCalm(
  fleet: HybridFleet,
  { seconds, reads }: { seconds: number; reads: number },
): Promise<Figures> {
  const [{ intervalMs, series }] = fleet.agents as [FleetAgent];
  const live = await watchLive({
    ...{ url: fleet.url, intervalMs, seconds },
    selector: `tidegauge_synthetic{series="${series - 1}"}`,
    agentIds: fleet.agents.map(({ id }) => id),
  });
  const readMs: number[] = [];
  for (let read = 0; read < reads; read++) {
    readMs.push(await fleet.readMs(fleet.agents[read % fleet.agents.length] as FleetAgent));
  }
  return { ...live, readMs };
}

/** What came back after a break, from the moment at which agents were let through again. */
export interface Return {
  /** Until the first tick sampled after the reconnect could be queried, since it was sampled. */
  readonly liveMs: number;
  /** The same since the reconnect: the time until there is a tick is in it. */
  readonly liveAfterMs: number;
  /** From the reconnect to everything from the time of the break being there. */
  readonly backlogMs: number;
  readonly backlogTicks: number;
  /** The live tick was there before the backlog, or that within an interval of the reconnect. */
  readonly isLiveFirst: boolean;
}

/** Breaks the connection of an agent by a black hole or by refusal, and watches it come back. */
export async function partition(
  fleet: HybridFleet,
  agent: FleetAgent,
  { durationMs, kind }: { durationMs: number; kind: 'black hole' | 'refusal' },
): Promise<Return> {
  const { proxy } = agent;
  const beforeTick = (await fleet.newestTick(agent)) ?? 0;
  const { connections } = proxy.counts;
  if (kind === 'refusal') {
    await proxy.refuse();
    proxy.resetAll();
  } else {
    proxy.set({ isPartitioned: true });
  }
  await sleep(durationMs);
  if (kind === 'refusal') await proxy.accept();
  else {
    // What TCP still holds is gone too, as after a change of the route.
    proxy.resetAll();
    proxy.heal();
  }
  const back = `${agent.id} is back after ${kind}`;
  await until(back, 60_000, async () => {
    return proxy.counts.connections > connections && (await isConnected(fleet, agent));
  });
  const backMs = Date.now();
  const liveTick = Math.ceil(backMs / agent.intervalMs);
  const backlogTicks = liveTick - beforeTick - 1;
  const seenMs = async (what: string, check: () => Promise<boolean>): Promise<number> => {
    await until(what, 60_000, check);
    return Date.now();
  };
  const [liveSeenMs, backlogSeenMs] = await Promise.all([
    seenMs(`${agent.id} is live`, async () => ((await fleet.newestTick(agent)) ?? 0) >= liveTick),
    seenMs(`${agent.id} has its backlog`, async () => {
      return (await fleet.ticksOf(agent, beforeTick, liveTick - 1)).length >= backlogTicks;
    }),
  ]);
  const liveTickMs = liveTick * agent.intervalMs;
  return {
    liveMs: liveSeenMs - liveTickMs,
    liveAfterMs: liveSeenMs - backMs,
    backlogMs: backlogSeenMs - backMs,
    backlogTicks,
    isLiveFirst: liveSeenMs <= backlogSeenMs || backlogSeenMs - backMs <= agent.intervalMs,
  };
}

async function isConnected(fleet: HybridFleet, { id }: FleetAgent): Promise<boolean> {
  return (await fleet.states()).get(id) === 'connected';
}

/** Until a query says that an agent is down, from `cause` on. */
export async function timeUntilDown(
  fleet: HybridFleet,
  agent: FleetAgent,
  cause: () => Promise<void> | void,
): Promise<number> {
  await until(`${agent.id} is up`, 20_000, async () => (await fleet.up()).get(agent.id) === 1);
  await cause();
  return until(`${agent.id} is down`, 60_000, async () => (await fleet.up()).get(agent.id) === 0);
}

/** The agent's process stands still for a while. */
export async function pause({ process }: FleetAgent, durationMs: number): Promise<void> {
  process.kill('SIGSTOP');
  await sleep(durationMs);
  process.kill('SIGCONT');
}
