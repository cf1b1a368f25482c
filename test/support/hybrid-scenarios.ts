import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetAgent, HybridFleet } from './hybrid-fleet.ts';
import { until } from './hybrid-fleet.ts';

/** How fast things came, in milliseconds. */
export interface Figures {
  /** From the time of a tick to the first query that shows it. */
  readonly visibleMs: number[];
  readonly readMs: number[];
}

/** How a fleet does while nothing is broken. */
export async function measureCalm(
  fleet: HybridFleet,
  { seconds, reads }: { seconds: number; reads: number },
): Promise<Figures> {
  const visibleMs: number[] = [];
  await Promise.all(fleet.agents.map((agent) => watchTicks(fleet, agent, seconds, visibleMs)));
  const readMs: number[] = [];
  for (let read = 0; read < reads; read++) {
    readMs.push(await fleet.readMs(fleet.agents[read % fleet.agents.length] as FleetAgent));
  }
  return { visibleMs, readMs };
}

async function watchTicks(
  fleet: HybridFleet,
  agent: FleetAgent,
  seconds: number,
  visibleMs: number[],
): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  let seen = await fleet.newestTick(agent);
  while (performance.now() < endMs) {
    const tick = await fleet.newestTick(agent);
    const nowMs = Date.now();
    if (tick !== undefined && seen !== undefined && tick > seen) {
      visibleMs.push(nowMs - tick * agent.intervalMs);
    }
    seen = tick ?? seen;
    // The next tick is some time away; asking all the while would be the load.
    const untilNextMs = (((seen ?? 0) + 1) * agent.intervalMs - Date.now()) % agent.intervalMs;
    await sleep(Math.max(3, untilNextMs));
  }
}

/** What came back after a break, from the moment at which agents were let through again. */
export interface Return {
  /** Until the first tick sampled after that moment could be queried, since it was sampled. */
  readonly liveMs: number;
  /** From the reconnect to everything from the time of the break being there. */
  readonly backlogMs: number;
  /** Ticks of the break that were there when the live one was first seen. */
  readonly backlogAtLive: number;
  readonly backlogTicks: number;
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
  await until(`${agent.id} is live`, 10_000, async () => {
    return ((await fleet.newestTick(agent)) ?? 0) >= liveTick;
  });
  const liveMs = Date.now() - liveTick * agent.intervalMs;
  const backlogTicks = liveTick - beforeTick;
  const backlogAtLive = await ticksStored(fleet, agent, beforeTick, liveTick);
  await until(`${agent.id} has its backlog`, 60_000, async () => {
    return (await ticksStored(fleet, agent, beforeTick, liveTick)) >= backlogTicks;
  });
  return { liveMs, backlogMs: Date.now() - backMs, backlogAtLive, backlogTicks };
}

async function isConnected(fleet: HybridFleet, { id }: FleetAgent): Promise<boolean> {
  return (await fleet.states()).get(id) === 'connected';
}

/** Ticks after `from` up to `to` that the last series has. */
async function ticksStored(
  fleet: HybridFleet,
  agent: FleetAgent,
  from: number,
  to: number,
): Promise<number> {
  return (await fleet.ticksOf(agent, from, to)).length;
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
