import { Chance } from './chance.ts';
import { Clone } from './clone.ts';
import { checkBalance, checkHealed, type HealedTally } from './checks.ts';
import { Connection, type Endpoint, type Weather } from './network.ts';
import { SimulatedAgent } from './simulated-agent.ts';
import { type DiskWeather, SimulatedCollector } from './simulated-collector.ts';
import { Timeline } from './timeline.ts';
import { Truth } from './truth.ts';

const START_MS = 1_700_000_000_000;
/** Virtual time in which everything must have healed. */
const HEALING_MS = 240_000;
const CALM: Weather = { minDelayMs: 1, maxDelayMs: 20, duplicates: 0, resets: 0 };
const GOOD_DISK: DiskWeather = { minCommitMs: 0, maxCommitMs: 10, failures: 0, refusals: 0 };
const LARGE_RING = {
  memoryBytes: 4096,
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

/**
 * One life of a few agents and a collector, all of it following from the seed: faults for a while,
 * then peace, then everything must be right. Throws, naming the seed, when it is not.
 */
export async function simulate(seed: number): Promise<SimulationResult> {
  try {
    return await new Simulation(seed).run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`TIDE_SEED=${seed}: ${message}`, { cause: error });
  }
}

class Simulation {
  readonly #chance: Chance;
  readonly #timeline = new Timeline(START_MS);
  readonly #truth = new Truth();
  readonly #weather: Weather = { ...CALM };
  readonly #disk: DiskWeather = { ...GOOD_DISK };
  readonly #collector: SimulatedCollector;
  readonly #agents: SimulatedAgent[] = [];
  readonly #connections = new Map<number, { agent: number; connection: Connection }>();
  readonly #partitioned = new Set<number>();
  readonly #faults: Record<string, number> = {};
  readonly #clones: Clone[] = [];
  readonly #ringHeldAll: boolean;
  #lastConnection = 0;
  #silentlyLost = 0;
  #peace = false;
  #checkedTurns = 0;

  constructor(seed: number) {
    const chance = new Chance(seed);
    this.#chance = chance;
    this.#ringHeldAll = chance.hit(0.75);
    this.#collector = new SimulatedCollector({
      timeline: this.#timeline,
      chance: chance.fork(),
      disk: this.#disk,
      epochsKept: seed % 2 === 0 ? 2 : 100,
    });
    this.#weather.maxDelayMs = chance.pick([5, 50, 300]);
    this.#weather.duplicates = chance.pick([0, 0.02, 0.2]);
    this.#weather.resets = chance.pick([0, 0, 0.01, 0.05]);
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
          connect: (agent, end) => this.#connect(agent, end),
        }),
      );
    }
  }

  #ringOf(hasDisk: boolean): { hasDisk: boolean; ring: typeof LARGE_RING } {
    const ring = this.#ringHeldAll ? LARGE_RING : SMALL_RING;
    return { hasDisk, ring: hasDisk ? ring : { ...ring, memoryBytes: ring.diskBytes } };
  }

  async run(): Promise<SimulationResult> {
    const check = (): void => this.#checkBalance();
    const timeline = this.#timeline;
    this.#collector.start();
    for (const agent of this.#agents) {
      timeline.after(this.#chance.whole(0, 3000), () => this.#begin(agent));
    }
    const troubleMs = this.#chance.whole(20_000, 80_000);
    const meanMs = this.#chance.pick([1500, 4000, 10_000]);
    const nextFault = (): void => {
      timeline.after(this.#chance.whole(1, 2 * meanMs), async () => {
        if (this.#peace) return;
        await this.#fault();
        nextFault();
      });
    };
    nextFault();
    await timeline.run(START_MS + troubleMs, check);
    await this.#heal(check);
    for (const agent of this.#agents) agent.leave();
    await timeline.run(timeline.nowMs + 5000, check);
    return this.#result();
  }

  async #heal(check: () => void): Promise<void> {
    this.#peace = true;
    Object.assign(this.#weather, CALM);
    Object.assign(this.#disk, GOOD_DISK);
    for (const agent of this.#partitioned) this.#mend(agent);
    for (const agent of this.#agents) agent.setClock(0);
    if (this.#collector.machine === undefined) this.#collector.start();
    for (const agent of this.#agents) await this.#begin(agent);
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
    if (this.#clones.some(({ outcome }) => outcome === 'WELCOMED')) {
      throw new Error('a clone was welcomed');
    }
    let fencedZombies = 0;
    for (const agent of this.#agents) {
      const { id, index, ring, clockWasSet } = agent;
      if (agent.wildZombies > 0) throw new Error(`${id}: a zombie goes on`);
      fencedZombies += agent.fencedZombies;
      const ledger = machine?.ledger(id);
      if (ledger === undefined || ring === undefined) throw new Error(`${id} never came back`);
      const runs = this.#truth.runsOf(index);
      const { nowMs } = this.#timeline;
      const ringHeldAll = this.#ringHeldAll;
      const tally = await checkHealed({
        agentId: id,
        clockWasSet,
        ledger,
        ring,
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
      fencedClones: this.#clones.filter(({ outcome }) => outcome === 'FENCED').length,
      agents: this.#agents.length,
      epochs: this.#truth.runs.length,
      sealed: this.#truth.runs.reduce((count, { sealed }) => count + sealed.length, 0),
      faults: this.#faults,
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

  async #fault(): Promise<void> {
    const agent = this.#chance.pick(this.#agents);
    const faults: Record<string, () => void | Promise<void>> = {
      event: () => agent.event(),
      events: () => agent.event(),
      schema: () => agent.extendSchema(),
      reset: () => this.#resetConnections(agent.index),
      partition: () => this.#partition(agent.index, this.#chance.whole(1000, 30_000)),
      'agent killed': () => this.#crashAgent(agent, false),
      'agent without power': () => this.#crashAgent(agent, true),
      'agent restarted': () => this.#restartAgent(agent),
      'agent paused': () => agent.pause(this.#chance.whole(500, 12_000)),
      'agent superseded': () => this.#haunt(agent),
      'clock set': () => this.#setClock(agent),
      clone: () => this.#clone(agent),
      'collector killed': () => this.#crashCollector(false),
      'store deleted': () => this.#crashCollector(this.#chance.hit(0.5)),
      'slow disk': () =>
        this.#badDisk({ minCommitMs: 100, maxCommitMs: 2500, failures: 0, refusals: 0 }),
      'failing disk': () =>
        this.#badDisk({ minCommitMs: 0, maxCommitMs: 50, failures: 0.4, refusals: 0 }),
      'refusing store': () => this.#badDisk({ ...GOOD_DISK, refusals: 0.1 }),
    };
    const name = this.#chance.pick(Object.keys(faults));
    this.#faults[name] = (this.#faults[name] ?? 0) + 1;
    await faults[name]?.();
  }

  async #begin(agent: SimulatedAgent): Promise<void> {
    if (!agent.isRunning) await agent.start();
  }

  #crashAgent(agent: SimulatedAgent, power: boolean): void {
    agent.crash(power);
    this.#timeline.after(this.#chance.whole(1, 12_000), () => this.#begin(agent));
  }

  #restartAgent(agent: SimulatedAgent): void {
    agent.leave();
    this.#timeline.after(this.#chance.whole(200, 3000), async () => {
      if (this.#peace && !agent.isRunning) return;
      await agent.stop();
      this.#timeline.after(this.#chance.whole(1, 4000), () => this.#begin(agent));
    });
  }

  /** The old process stops for long; it wakes when the new one is known for good. */
  #haunt(agent: SimulatedAgent): void {
    const { epoch } = agent;
    if (!agent.isRunning) return;
    agent.haunt(() => this.#collector.store.newestEpoch(agent.id) > epoch);
    this.#timeline.after(this.#chance.whole(1, 12_000), () => this.#begin(agent));
  }

  #setClock(agent: SimulatedAgent): void {
    this.#collector.store.overlapping.add(agent.id);
    agent.setClock(this.#chance.whole(-40_000, 40_000));
  }

  /** Somebody with the identity of an agent that the collector knows for certain. */
  #clone(agent: SimulatedAgent): void {
    const ledger = this.#collector.machine?.ledger(agent.id);
    const epoch = ledger?.currentEpoch ?? 0;
    const isOnDisk = this.#collector.store.states.has(ledger?.stateKey(epoch) ?? '');
    if (!isOnDisk || ledger?.epoch(epoch)?.nonce === undefined) return;
    const clone = new Clone(agent.id, epoch, this.#timeline.nowMs);
    this.#clones.push(clone);
    clone.begin((end) => this.#connect(agent.index, end));
  }

  #crashCollector(deleteStore: boolean): void {
    if (this.#collector.machine === undefined) return;
    this.#collector.crash();
    if (deleteStore) this.#deleteStore();
    this.#timeline.after(this.#chance.whole(1, 10_000), () => {
      if (this.#collector.machine === undefined) this.#collector.start();
    });
  }

  // Nobody is left who knows which of two processes is the newer one, or which the clone.
  #deleteStore(): void {
    this.#collector.deleteStore();
    for (const agent of this.#agents) agent.killZombies();
    this.#clones.splice(0);
  }

  #badDisk(weather: DiskWeather): void {
    Object.assign(this.#disk, weather);
    this.#timeline.after(this.#chance.whole(2000, 15_000), () => {
      Object.assign(this.#disk, GOOD_DISK);
    });
  }

  #resetConnections(agent: number): void {
    for (const [id, entry] of this.#connections) {
      if (!entry.connection.isOpen) this.#connections.delete(id);
      else if (entry.agent === agent) entry.connection.reset();
    }
  }

  #partition(agent: number, durationMs: number): void {
    this.#partitioned.add(agent);
    for (const entry of this.#connections.values()) {
      if (entry.agent === agent) entry.connection.stalled = true;
    }
    this.#timeline.after(durationMs, () => this.#mend(agent));
  }

  #mend(agent: number): void {
    this.#partitioned.delete(agent);
    // What was swallowed is not sent again: the connection is dead, as after too many retries.
    for (const entry of this.#connections.values()) {
      if (entry.agent === agent && entry.connection.stalled) entry.connection.reset();
    }
  }

  #connect(agent: number, end: Endpoint): Connection | undefined {
    if (this.#partitioned.has(agent) || this.#collector.machine === undefined) return undefined;
    const ends = { agent: end, collector: end };
    const network = { timeline: this.#timeline, chance: this.#chance, weather: this.#weather };
    const connection = new Connection(++this.#lastConnection, network, ends);
    const collector = this.#collector.accept(connection);
    if (collector === undefined) return undefined;
    ends.collector = collector;
    this.#connections.set(connection.id, { agent, connection });
    return connection;
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
