import { parseArgs } from 'node:util';
import { type FleetAgent, HybridFleet, until } from '../test/support/hybrid-fleet.ts';
import { measureCalm, partition, pause, timeUntilDown } from '../test/support/hybrid-scenarios.ts';
import { median, quantile } from './support/statistics.ts';

export const HYBRID_SOAK_USAGE = `npm run soak -- hybrid [OPTIONS]

Agents and a collector as processes on a network that breaks: partitions by black hole and by
refusal, kill -9 of either end, a stopped process, a deleted data directory. Exit status 1 unless
every loss is declared, nothing is counted twice, and every goal is met.

  --agents N         (default 5)       --series N      of each, a sample a second (default 500)
  --partitions A,B   seconds of each (default 5,30,120)
  --calm N           seconds of measuring before (default 60)
  --heartbeat N      seconds between heartbeats (default 5)`;

const OPTIONS = {
  agents: { type: 'string', default: '5' },
  series: { type: 'string', default: '500' },
  partitions: { type: 'string', default: '5,30,120' },
  calm: { type: 'string', default: '60' },
  heartbeat: { type: 'string', default: '5' },
} as const;

const READS = 100;
const PAUSE_MS = 10_000;
const HEAL_MS = 60_000;

/** `npm run soak -- hybrid`; the exit status. */
export async function hybridSoak(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HYBRID_SOAK_USAGE);
    return 0;
  }
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const heartbeatMs = Number(values.heartbeat) * 1000;
  const fleet = await HybridFleet.start({
    agents: Number(values.agents),
    series: Number(values.series),
    heartbeatMs,
    reconnectSpreadMs: 500,
  });
  const soak = new Soak(fleet, heartbeatMs);
  try {
    await until('every agent is seen', 30_000, async () => {
      const ticks = await Promise.all(fleet.agents.map((agent) => fleet.newestTick(agent)));
      return ticks.every((tick) => tick !== undefined);
    });
    await soak.calm(Number(values.calm));
    for (const text of values.partitions.split(',')) await soak.partitions(Number(text));
    await soak.deaths();
    await soak.collectorDeaths();
    await soak.end();
    return soak.missed === 0 ? 0 : 1;
  } finally {
    await fleet.stop();
  }
}

class Soak {
  missed = 0;
  readonly #fleet: HybridFleet;
  readonly #heartbeatMs: number;

  constructor(fleet: HybridFleet, heartbeatMs: number) {
    this.#fleet = fleet;
    this.#heartbeatMs = heartbeatMs;
  }

  async calm(seconds: number): Promise<void> {
    const { visibleMs, readMs } = await measureCalm(this.#fleet, { seconds, reads: READS });
    this.#goal('generated to queryable, p50', median(visibleMs), 100);
    this.#goal('generated to queryable, p99', quantile(visibleMs, 0.99), 1000);
    this.#goal('READ, p50', median(readMs), 50);
  }

  /** Two agents at once, one by a black hole and one by refusal. */
  async partitions(seconds: number): Promise<void> {
    const kinds = ['black hole', 'refusal'] as const;
    const returns = await Promise.all(
      kinds.map((kind, index) =>
        partition(this.#fleet, this.#agent(index), { durationMs: seconds * 1000, kind }),
      ),
    );
    for (const [index, kind] of kinds.entries()) {
      const { liveMs, backlogMs, backlogAtLive, backlogTicks } = returns[index] ?? NOTHING;
      const name = `${kind} of ${seconds} s`;
      this.#goal(`${name}: first live tick after the reconnect`, liveMs, 1000);
      const there = `${backlogAtLive} of ${backlogTicks} ticks were there then`;
      console.log(`  ${there}, all of them ${backlogMs.toFixed(0)} ms after the reconnect`);
    }
  }

  async deaths(): Promise<void> {
    const killed = this.#agent(2);
    const killedMs = await timeUntilDown(this.#fleet, killed, () => this.#fleet.killAgent(killed));
    this.#goal('a killed agent is known to be down', killedMs, 1000);
    await this.#fleet.startAgent(killed);
    const hidden = this.#agent(3);
    const hiddenMs = await timeUntilDown(this.#fleet, hidden, () =>
      hidden.proxy.set({ isPartitioned: true }),
    );
    this.#goal('a black hole is known', hiddenMs, 2.5 * this.#heartbeatMs + 500);
    hidden.proxy.resetAll();
    hidden.proxy.heal();
    await pause(this.#agent(4), PAUSE_MS);
    await this.#fleet.healed(HEAL_MS);
  }

  async collectorDeaths(): Promise<void> {
    for (const deleted of [false, true]) {
      await this.#fleet.killCollector();
      if (deleted) await this.#fleet.deleteData();
      await this.#fleet.startCollector();
      const { length } = this.#fleet.agents;
      const backMs = await until('every agent is back', HEAL_MS, async () => {
        const states = [...(await this.#fleet.states()).values()];
        return states.filter((state) => state === 'connected').length === length;
      });
      await this.#fleet.healed(HEAL_MS);
      const what = deleted ? 'its data deleted' : 'kill -9';
      console.log(`collector, ${what}: all agents back ${backMs.toFixed(0)} ms after it was ready`);
    }
  }

  /** Everything that is not there must be declared, sample by sample. */
  async end(): Promise<void> {
    await this.#fleet.leave();
    await this.#fleet.settled(HEAL_MS);
    const found = await this.#fleet.disagreements();
    for (const line of found) console.log(`  WRONG: ${line}`);
    this.missed += found.length;
    for (const [id, { terms, imbalance, frames }] of await this.#fleet.accounts()) {
      const { scheduled, stored, failed, lost, down } = terms;
      const share = ((100 * stored) / (scheduled - failed - down)).toFixed(3);
      console.log(
        `${id}: ${stored} of ${scheduled} samples, ${failed} not taken while stopped, ${down} ` +
          `while dead, ${lost} lost; complete to ${share} %, imbalance ${imbalance}, ` +
          `${frames['repaired']} frames repaired, ${frames['duplicate']} dropped as duplicates`,
      );
    }
  }

  #agent(index: number): FleetAgent {
    return this.#fleet.agents[index % this.#fleet.agents.length] as FleetAgent;
  }

  #goal(what: string, valueMs: number, maxMs: number): void {
    const isMet = valueMs <= maxMs;
    if (!isMet) this.missed++;
    console.log(`${what}: ${valueMs.toFixed(0)} ms (goal ${maxMs}${isMet ? '' : ', MISSED'})`);
  }
}

const NOTHING = { liveMs: Number.NaN, backlogMs: Number.NaN, backlogAtLive: 0, backlogTicks: 0 };
