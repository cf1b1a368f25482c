import { parseArgs } from 'node:util';
import { type FleetAgent, HybridFleet, until } from '../test/support/hybrid-fleet.ts';
import { measureCalm, partition, pause, timeUntilDown } from '../test/support/hybrid-scenarios.ts';
import { describeLive } from '../test/support/live-latency.ts';
import { Goals } from './support/goals.ts';
import { median, quantile } from './support/statistics.ts';

export const HYBRID_SOAK_USAGE = `npm run soak -- hybrid [OPTIONS]

Agents and a collector as processes on a network that breaks: partitions by black hole and by
refusal, kill -9 of either end, a stopped process, a deleted data directory. At the end every goal
with what was measured; exit status 1 where one is missed. With the defaults about 5 minutes; in
short: --partitions 5 --calm 10, about 100 seconds.

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
    console.log(`\n${soak.goals.table()}`);
    return soak.goals.missed === 0 ? 0 : 1;
  } finally {
    await fleet.stop();
  }
}

class Soak {
  readonly goals = new Goals();
  readonly #fleet: HybridFleet;
  readonly #heartbeatMs: number;

  constructor(fleet: HybridFleet, heartbeatMs: number) {
    this.#fleet = fleet;
    this.#heartbeatMs = heartbeatMs;
  }

  async calm(seconds: number): Promise<void> {
    const { readMs, ...live } = await measureCalm(this.#fleet, { seconds, reads: READS });
    const { visibleMs } = live;
    this.#goal('generated to queryable, p50', median(visibleMs), 100);
    this.#goal('generated to queryable, p99', quantile(visibleMs, 0.99), 1000);
    console.log(`  ${visibleMs.length} ticks seen: ${describeLive(live)}`);
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
    for (const [index, back] of returns.entries()) {
      const name = `${kinds[index]} of ${seconds} s`;
      this.#goal(`${name}: live again after the reconnect, since sampled`, back.liveMs, 1000);
      const title = `${name}: live waited for the backlog`;
      this.goals.add({ title, unit: 'times', value: back.isLiveFirst ? 0 : 1, max: 0 });
      console.log(
        `  since the reconnect: the first tick sampled after it ${back.liveAfterMs.toFixed(0)} ms, ` +
          `all ${back.backlogTicks} ticks of the break ${back.backlogMs.toFixed(0)} ms`,
      );
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
    // The collector looks for silence every 0.1 s, and the answer has to be stored and asked for.
    this.#goal('a black hole is known (2.5 heartbeats + 0.2 s)', hiddenMs, this.#silenceMs + 200);
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
    let imbalances = 0;
    let lowest = 100;
    for (const [id, { terms, imbalance, frames }] of await this.#fleet.accounts()) {
      const { scheduled, stored, failed, lost, down } = terms;
      const share = (100 * stored) / (scheduled - failed - down);
      lowest = Math.min(lowest, share);
      imbalances += Math.abs(imbalance);
      console.log(
        `${id}: ${stored} of ${scheduled} samples, ${failed} not taken while stopped, ${down} ` +
          `while dead, ${lost} lost; complete to ${share.toFixed(3)} %, imbalance ${imbalance}, ` +
          `${frames['repaired']} frames repaired, ${frames['duplicate']} dropped as duplicates`,
      );
    }
    const complete = { title: 'complete, of what was sampled', unit: '%', value: lowest };
    this.goals.add({ ...complete, min: 100, digits: 3 });
    const title = 'stored twice, wrong, or lost and not declared so';
    this.goals.add({ title, unit: 'findings', value: found.length, max: 0 });
    this.goals.add({ title: 'imbalance', unit: 'samples', value: imbalances, max: 0 });
  }

  get #silenceMs(): number {
    return 2.5 * this.#heartbeatMs;
  }

  #agent(index: number): FleetAgent {
    return this.#fleet.agents[index % this.#fleet.agents.length] as FleetAgent;
  }

  #goal(title: string, valueMs: number, max: number): void {
    this.goals.add({ title, unit: 'ms', value: valueMs, max, digits: 0 });
  }
}
