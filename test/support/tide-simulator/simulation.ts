import { Chance } from './chance.ts';
import { checkBalance, checkHealed, type HealedTally } from './checks.ts';
import { Connections } from './connections.ts';
import { Faults, GOOD_DISK } from './faults.ts';
import type { Weather } from './network.ts';
import { SimulatedAgent } from './simulated-agent.ts';
import { type DiskWeather, SimulatedCollector } from './simulated-collector.ts';
import { Timeline } from './timeline.ts';
import { Truth } from './truth.ts';

const START_MS = 1_700_000_000_000;
/** Virtual time in which everything must have healed. */
const HEALING_MS = 240_000;
const CALM: Weather = { minDelayMs: 1, maxDelayMs: 20, duplicates: 0, resets: 0 };
/**
 * What leaves memory before it is on disk is retained nowhere. A clock that was put right seals at
 * once what it skipped: up to 240 ticks of three parts, 14 bytes each.
 */
const LARGE_RING = {
  memoryBytes: 12_288,
  diskBytes: 1 << 22,
  segmentBytes: 2048,
  maxAgeMs: 3_600_000,
};
const SMALL_RING = { memoryBytes: 512, diskBytes: 3072, segmentBytes: 768, maxAgeMs: 60_000 };

/** What a seed came to. */
export interface SimulationResult extends HealedTally {
  readonly agents: number;
  readonly epochs: number;
  readonly sealed: number;
  readonly duplicates: number;
  /** Sealed numbers of epochs of which only sums are left. */
  readonly foldedSequences: number;
  readonly fencedZombies: number;
  readonly fencedClones: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Samples that the store forgot, and audits brought back. */
  readonly silentlyLost: number;
  readonly audits: Readonly<Record<string, number>>;
  readonly ringHeldAll: boolean;
}

export interface SimulationOptions {
  /** Faults that happen, by ordinal; the others are left out. All without it. */
  readonly faults?: ReadonlySet<number> | undefined;
}

/** What was wrong with a life, and how it went until then. */
export class SimulationFailure extends Error {
  readonly seed: number;
  /** Its faults, by ordinal. */
  readonly faults: readonly number[];
  /** What the world was like, and what happened in it: a line each. */
  readonly story: readonly string[];

  constructor(seed: number, cause: unknown, history: { faults: number[]; story: string[] }) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(`TIDE_SEED=${seed}: ${message}`, { cause });
    this.seed = seed;
    this.faults = history.faults;
    this.story = history.story;
  }
}

/**
 * One life of a few agents and a collector, all of it following from the seed: faults for a while,
 * then peace, then everything must be right.
 * @throws SimulationFailure when it is not.
 */
export async function simulate(
  seed: number,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  const simulation = new Simulation(seed, options);
  try {
    return await simulation.run();
  } catch (error) {
    throw new SimulationFailure(seed, error, simulation.history);
  }
}

class Simulation {
  readonly #chance: Chance;
  readonly #timeline = new Timeline(START_MS);
  readonly #truth = new Truth();
  readonly #weather: Weather = { ...CALM };
  readonly #weatherOfTrouble: Weather;
  readonly #disk: DiskWeather = { ...GOOD_DISK };
  readonly #collector: SimulatedCollector;
  readonly #agents: SimulatedAgent[] = [];
  readonly #connections: Connections;
  readonly #faults: Faults;
  readonly #epochsKept: number;
  readonly #ringHeldAll: boolean;
  #silentlyLost = 0;
  #healingFrom: number | undefined;
  #checkedTurns = 0;

  constructor(seed: number, { faults }: SimulationOptions) {
    const chance = new Chance(seed);
    this.#chance = chance;
    this.#ringHeldAll = chance.hit(0.75);
    this.#epochsKept = seed % 2 === 0 ? 2 : 100;
    this.#collector = new SimulatedCollector({
      timeline: this.#timeline,
      chance: chance.fork(),
      disk: this.#disk,
      epochsKept: this.#epochsKept,
    });
    this.#connections = new Connections({
      timeline: this.#timeline,
      chance: chance.fork(),
      weather: this.#weather,
      collector: this.#collector,
    });
    this.#weather.maxDelayMs = chance.pick([5, 50, 300]);
    this.#weather.duplicates = chance.pick([0, 0.02, 0.2]);
    this.#weather.resets = chance.pick([0, 0, 0.01, 0.05]);
    this.#weatherOfTrouble = { ...this.#weather };
    const count = chance.whole(1, 4);
    for (let index = 0; index < count; index++) {
      this.#agents.push(
        new SimulatedAgent(index, {
          timeline: this.#timeline,
          truth: this.#truth,
          chance: chance.fork(),
          ...this.#ringOf(chance.hit(0.8)),
          lingerTicks: chance.whole(1, 3),
          parts: chance.pick([1, 1, 2, 3]),
          connect: (agent, end) => this.#connections.connect(agent, end),
        }),
      );
    }
    const world = {
      timeline: this.#timeline,
      agents: this.#agents,
      collector: this.#collector,
      connections: this.#connections,
      disk: this.#disk,
    };
    this.#faults = new Faults(world, chance.fork(), faults);
  }

  #ringOf(hasDisk: boolean): { hasDisk: boolean; ring: typeof LARGE_RING } {
    const ring = this.#ringHeldAll ? LARGE_RING : SMALL_RING;
    return { hasDisk, ring: hasDisk ? ring : { ...ring, memoryBytes: ring.diskBytes } };
  }

  /** What happened so far. */
  get history(): { faults: number[]; story: string[] } {
    const { history } = this.#faults;
    const time = (atMs: number): string => `${((atMs - START_MS) / 1000).toFixed(3)} s`;
    const { maxDelayMs, duplicates, resets } = this.#weatherOfTrouble;
    const ring = this.#ringHeldAll ? 'rings that hold all' : 'small rings';
    const world = [
      `${this.#agents.length} agents, ${ring}, ${this.#epochsKept} epochs kept`,
      `delays to ${maxDelayMs} ms, ${duplicates} duplicates, ${resets} resets`,
    ];
    const story = history.map(({ ordinal, atMs, agent, text }) => {
      return `${time(atMs).padStart(10)}  ${agent}: ${text} (${ordinal})`;
    });
    if (this.#healingFrom !== undefined) {
      story.push(`${time(this.#healingFrom).padStart(10)}  peace`);
    }
    story.push(`${time(this.#timeline.nowMs).padStart(10)}  the end`);
    return { faults: history.map(({ ordinal }) => ordinal), story: [world.join(', '), ...story] };
  }

  async run(): Promise<SimulationResult> {
    const check = (): void => this.#checkBalance();
    const timeline = this.#timeline;
    this.#collector.start();
    for (const agent of this.#agents) {
      timeline.after(this.#chance.whole(0, 3000), () => this.#faults.beginAgent(agent));
    }
    const troubleMs = this.#chance.whole(20_000, 80_000);
    const meanMs = this.#chance.pick([1500, 4000, 10_000]);
    this.#faults.begin(meanMs);
    await timeline.run(START_MS + troubleMs, check);
    await this.#heal(check);
    for (const agent of this.#agents) agent.leave();
    await timeline.run(timeline.nowMs + 5000, check);
    return this.#result();
  }

  async #heal(check: () => void): Promise<void> {
    this.#healingFrom = this.#timeline.nowMs;
    this.#faults.end();
    Object.assign(this.#weather, CALM);
    Object.assign(this.#disk, GOOD_DISK);
    this.#connections.mendAll();
    for (const agent of this.#agents) agent.setClock(0);
    if (this.#collector.machine === undefined) this.#collector.start();
    for (const agent of this.#agents) await this.#faults.beginAgent(agent);
    const untilMs = this.#timeline.nowMs + HEALING_MS;
    // A while at least, so that what is under way comes in and clocks run out.
    await this.#timeline.run(this.#timeline.nowMs + 20_000, check);
    while (!this.#isHealed() && this.#timeline.nowMs < untilMs) {
      await this.#timeline.run(this.#timeline.nowMs + 1000, check);
    }
    if (!this.#ringHeldAll || !this.#isHealed()) return;
    await this.#loseSilently(check);
  }

  /** The store forgets some of what the agents still have; audits must find out. */
  async #loseSilently(check: () => void): Promise<void> {
    const { store, audits } = this.#collector;
    const { nowMs } = this.#timeline;
    for (const { id, epoch } of this.#agents) {
      const part = this.#chance.pick([0, 0.01, 0.3]);
      const run = { epoch, nowMs };
      this.#silentlyLost += store.loseSilently(id, run, () => this.#chance.hit(part));
    }
    // The audit under way may have looked before, and each looks only at what is old enough.
    const isAudited = (id: string): boolean =>
      audits.filter((audit) => audit.agentId === id && audit.atMs > nowMs + 5000).length >= 2;
    const untilMs = nowMs + HEALING_MS;
    while (this.#timeline.nowMs < untilMs && !this.#agents.every(({ id }) => isAudited(id))) {
      await this.#timeline.run(this.#timeline.nowMs + 1000, check);
    }
  }

  #isHealed(): boolean {
    return this.#agents.every(({ id, epoch, wildZombies, isRunning }) => {
      const ledger = this.#collector.machine?.ledger(id);
      if (ledger === undefined || ledger.currentEpoch !== epoch) return false;
      if (!isRunning || wildZombies > 0) return false;
      return ledger.epochs.every(({ lanes }) =>
        lanes.every(
          ({ missingCount, received, unconfirmed }) =>
            missingCount === 0 && received.size === 0 && unconfirmed.size === 0,
        ),
      );
    });
  }

  async #result(): Promise<SimulationResult> {
    const { machine, store } = this.#collector;
    const sum = {
      ...{ stored: 0, lostTicks: 0, lostSequences: 0 },
      repaired: 0,
      duplicates: 0,
      foldedSequences: 0,
    };
    const { clones } = this.#faults;
    if (clones.some(({ outcome }) => outcome === 'WELCOMED')) {
      throw new Error('a clone was welcomed');
    }
    let fencedZombies = 0;
    for (const agent of this.#agents) {
      const { id, index, ring, run, mayOverlap } = agent;
      if (agent.wildZombies > 0) throw new Error(`${id}: a zombie goes on`);
      fencedZombies += agent.fencedZombies;
      const ledger = machine?.ledger(id);
      if (ledger === undefined || run === undefined || ring === undefined) {
        throw new Error(`${id} never came back`);
      }
      const runs = this.#truth.runsOf(index);
      const { nowMs } = this.#timeline;
      // Of two machines with one identity, what one holds is given up when the other says HELLO.
      const ringHeldAll = this.#ringHeldAll && !agent.wasDoubled;
      const tally = await checkHealed({
        agentId: id,
        mayOverlap,
        wasDoubled: agent.wasDoubled,
        ledger,
        ring,
        current: run,
        runs,
        store,
        nowMs,
        ringHeldAll,
      });
      sum.stored += tally.stored;
      sum.lostTicks += tally.lostTicks;
      sum.lostSequences += tally.lostSequences;
      sum.repaired += tally.repaired;
      sum.duplicates += machine?.duplicateCount(id) ?? 0;
      sum.foldedSequences += ledger.folded.sealed.sealed;
    }
    return {
      ...sum,
      fencedZombies,
      fencedClones: clones.filter(({ outcome }) => outcome === 'FENCED').length,
      agents: this.#agents.length,
      epochs: this.#truth.runs.length,
      sealed: this.#truth.runs.reduce((count, { sealed }) => count + sealed.length, 0),
      faults: this.#faults.counts,
      silentlyLost: this.#silentlyLost,
      audits: this.#auditCounts(),
      ringHeldAll: this.#ringHeldAll,
    };
  }

  #auditCounts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { outcome } of this.#collector.audits) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  #checkBalance(): void {
    const { turns } = this.#collector;
    if (turns === this.#checkedTurns) return;
    this.#checkedTurns = turns;
    for (const { id } of this.#agents) {
      const ledger = this.#collector.machine?.ledger(id);
      if (ledger !== undefined) checkBalance(ledger, this.#timeline.nowMs);
    }
  }
}
