import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FleetAgent, HybridFleet, until } from '../support/hybrid-fleet.ts';
import {
  measureCalm,
  partition,
  pause,
  type Return,
  timeUntilDown,
} from '../support/hybrid-scenarios.ts';

const HEARTBEAT_MS = 1000;
const PARTITION_MS = 5000;
/** A machine that does other things meanwhile is slower than the goals are. */
const SLOW = 5;

let fleet: HybridFleet;
let stop = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  fleet = await HybridFleet.start({
    agents: 5,
    series: 500,
    heartbeatMs: HEARTBEAT_MS,
    reconnectSpreadMs: 200,
  });
  stop = () => fleet.stop();
  await until('every agent is seen', 30_000, async () => {
    const ticks = await Promise.all(fleet.agents.map((agent) => fleet.newestTick(agent)));
    return ticks.every((tick) => tick !== undefined);
  });
});

afterAll(async () => {
  await stop();
});

function agentAt(index: number): FleetAgent {
  return fleet.agents[index] as FleetAgent;
}

function share(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(part * (values.length - 1))] ?? Infinity;
}

test('what is sampled can be queried at once, and read on demand', async () => {
  const { visibleMs, readMs, parts } = await measureCalm(fleet, { seconds: 4, reads: 20 });
  expect(visibleMs.length).toBeGreaterThan(10);
  expect(share(visibleMs, 0.5)).toBeLessThan(100 * SLOW);
  expect(share(visibleMs, 0.99)).toBeLessThan(1000 * SLOW);
  expect(share(readMs, 0.5)).toBeLessThan(50 * SLOW);
  // Agents and collector tell where the time went, and what they tell fits what was seen.
  expect(parts.sealedMs).toBeGreaterThan(0);
  expect(parts.storedMs).toBeGreaterThan(0);
  const toldMs = parts.sealedMs + parts.readMs + parts.storedMs;
  const sumMs = visibleMs.reduce((total, one) => total + one, 0);
  expect(toldMs).toBeLessThan(sumMs / visibleMs.length + 20);
});

test('a broken network, dead and stopped processes at once: all comes back', async () => {
  const returns: Promise<Return>[] = [
    partition(fleet, agentAt(0), { durationMs: PARTITION_MS, kind: 'black hole' }),
    partition(fleet, agentAt(1), { durationMs: PARTITION_MS, kind: 'refusal' }),
  ];
  const paused = pause(agentAt(2), 2200);
  const downMs = await timeUntilDown(fleet, agentAt(3), () => fleet.killAgent(agentAt(3)));
  expect(downMs).toBeLessThan(1000 * SLOW);
  await fleet.startAgent(agentAt(3));
  await paused;
  for (const { liveMs, backlogTicks } of await Promise.all(returns)) {
    expect(liveMs).toBeLessThan(1000 * SLOW);
    expect(backlogTicks).toBeGreaterThan(1);
  }
  await fleet.killCollector();
  await fleet.startCollector();
  await fleet.healed(30_000);
});

test('a black hole is known within two and a half heartbeats', async () => {
  const { proxy } = agentAt(4);
  const downMs = await timeUntilDown(fleet, agentAt(4), () => proxy.set({ isPartitioned: true }));
  expect(downMs).toBeLessThan(2.5 * HEARTBEAT_MS + 500 * SLOW);
  proxy.resetAll();
  proxy.heal();
});

test('a collector whose data was deleted gets all of it again', async () => {
  await fleet.killCollector();
  await fleet.deleteData();
  await fleet.startCollector();
  await until('every agent is back', 30_000, async () => (await fleet.accounts()).size === 5);
  await fleet.healed(30_000);
});

test('what is lost is what is declared lost, to the sample, and nothing is there twice', async () => {
  await fleet.leave();
  await fleet.settled(20_000);
  expect(await fleet.disagreements()).toEqual([]);
  const accounts = await fleet.accounts();
  for (const index of [0, 1, 4]) {
    const { terms } = accounts.get(agentAt(index).id) ?? {};
    expect(terms).toMatchObject({ stored: terms?.scheduled, lost: 0, down: 0, failed: 0 });
  }
  // What a stopped process did not sample, it says itself; what a dead one did not, is down.
  const stopped = accounts.get(agentAt(2).id)?.terms;
  expect(stopped).toMatchObject({ lost: 0, down: 0 });
  expect((stopped?.scheduled ?? 0) - (stopped?.stored ?? 0)).toBeGreaterThan(0);
});
