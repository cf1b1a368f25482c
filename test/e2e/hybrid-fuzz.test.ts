import { afterAll, beforeAll, expect, test } from 'vitest';
import { HybridFleet, until } from '../support/hybrid-fleet.ts';
import { badAgents, clone, meet, type Met } from '../support/hybrid-fuzz.ts';
import { ask } from '../support/hybrid-store-check.ts';

const SEED = Number(process.env['TIDE_FUZZ_SEED'] ?? 1);
const BAD_AGENTS = Number(process.env['TIDE_FUZZ_AGENTS'] ?? 100);
const AT_ONCE = 25;

let fleet: HybridFleet;
let stop = (): Promise<void> => Promise.resolve();

beforeAll(async () => {
  const speed = { heartbeatMs: 1000, reconnectSpreadMs: 200 };
  fleet = await HybridFleet.start({ agents: 2, series: 100, ...speed });
  stop = () => fleet.stop();
  await until('every agent is seen', 30_000, async () => {
    const ticks = await Promise.all(fleet.agents.map((agent) => fleet.newestTick(agent)));
    return ticks.every((tick) => tick !== undefined);
  });
});

afterAll(async () => {
  await stop();
});

test(`what no agent sends (seed ${SEED}) ends its own session and touches no other`, async () => {
  const met: Met[] = [];
  const bad = badAgents(SEED, BAD_AGENTS);
  while (bad.length > 0) {
    const some = bad.splice(0, AT_ONCE);
    met.push(...(await Promise.all(some.map((agent) => meet(fleet.port, agent)))));
  }
  for (const { kind, closeCode, fences, rejections } of met) {
    // Only noise inside good frames may leave a session open; it is refused frame by frame.
    if (kind !== 'bad payload') expect([kind, closeCode]).not.toEqual([kind, undefined]);
    if (closeCode === 1002 || closeCode === 1008) expect(fences).toHaveLength(1);
    if (closeCode === undefined) expect(rejections).toBeGreaterThan(0);
  }
  expect(met.some(({ fences }) => fences.length > 0)).toBe(true);
  type Names = { readonly result: readonly { readonly metric: Record<string, string> }[] };
  const query = 'count by (__name__) ({agent=~"fuzz-.*"})';
  const { result } = await ask<Names>(fleet.url, '/api/v1/query', { query });
  const names = new Set(result.map(({ metric }) => metric['__name__']));
  expect([...names].filter((name) => name !== 'up' && name !== 'tidegauge_alive')).toEqual([]);
});

test('a clone is fenced, and the one it copies goes on', async () => {
  const epoch = (await fleet.epochs()).get('hybrid-0') ?? 0;
  const { fences, closeCode } = await meet(fleet.port, clone('hybrid-0', epoch));
  expect(fences.map((text) => text.split(':')[0])).toEqual(['CLONED']);
  expect(closeCode).toBe(1008);
});

test('the agents beside them noticed nothing', async () => {
  for (const { proxy } of fleet.agents) expect(proxy.counts.connections).toBe(1);
  await fleet.leave();
  await fleet.settled(20_000);
  expect(await fleet.disagreements()).toEqual([]);
  for (const { id } of fleet.agents) {
    const { terms } = (await fleet.accounts()).get(id) ?? {};
    expect(terms?.stored).toBe(terms?.scheduled);
  }
});
