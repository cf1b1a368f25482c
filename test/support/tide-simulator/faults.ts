import type { Chance } from './chance.ts';
import { Clone } from './clone.ts';
import type { Connections } from './connections.ts';
import type { SimulatedAgent } from './simulated-agent.ts';
import type { DiskWeather, SimulatedCollector } from './simulated-collector.ts';
import type { Timeline } from './timeline.ts';

export const GOOD_DISK: DiskWeather = { minCommitMs: 0, maxCommitMs: 10, failures: 0, refusals: 0 };

/** What can be broken. */
export interface FaultWorld {
  readonly timeline: Timeline;
  readonly agents: readonly SimulatedAgent[];
  readonly collector: SimulatedCollector;
  readonly connections: Connections;
  /** The collector's. */
  readonly disk: DiskWeather;
}

/** One fault of a life, in the order in which they were planned. */
export interface FaultEntry {
  readonly ordinal: number;
  readonly atMs: number;
  readonly agent: string;
  /** What happened, and how long or how much. */
  readonly text: string;
}

interface Subject {
  readonly agent: SimulatedAgent;
  /** Of this fault alone, so that leaving out one does not change the others. */
  readonly chance: Chance;
}

type Fault = (subject: Subject) => string | undefined | Promise<string | undefined>;

/** The faults of a life, by chance, until there is peace. */
export class Faults {
  readonly history: FaultEntry[] = [];
  readonly counts: Record<string, number> = {};
  readonly #world: FaultWorld;
  readonly #chance: Chance;
  readonly #only: ReadonlySet<number> | undefined;
  readonly #clones: Clone[] = [];
  readonly #doubles: SimulatedAgent[] = [];
  readonly #table: Readonly<Record<string, Fault>>;
  #planned = 0;
  #isPeace = false;

  /** `only` names those that happen, by ordinal; undefined for all. */
  constructor(world: FaultWorld, chance: Chance, only: ReadonlySet<number> | undefined) {
    this.#world = world;
    this.#chance = chance;
    this.#only = only;
    this.#table = this.#faults();
  }

  get clones(): readonly Clone[] {
    return this.#clones;
  }

  /** From now on, one after `meanMs` or so. */
  begin(meanMs: number): void {
    this.#world.timeline.after(this.#chance.whole(1, 2 * meanMs), async () => {
      if (this.#isPeace) return;
      await this.#next();
      this.begin(meanMs);
    });
  }

  /** No more of them; who has another's identity is gone. */
  end(): void {
    this.#isPeace = true;
    for (const double of this.#doubles) double.retire();
  }

  async beginAgent(agent: SimulatedAgent): Promise<void> {
    if (!agent.isRunning) await agent.start();
  }

  async #next(): Promise<void> {
    const chance = this.#chance.fork();
    const agent = chance.pick(this.#world.agents);
    const name = chance.pick(Object.keys(this.#table));
    const ordinal = this.#planned++;
    if (this.#only !== undefined && !this.#only.has(ordinal)) return;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    const { nowMs } = this.#world.timeline;
    const detail = await this.#table[name]?.({ agent, chance });
    const text = detail === undefined ? name : `${name}, ${detail}`;
    this.history.push({ ordinal, atMs: nowMs, agent: agent.id, text });
  }

  #faults(): Readonly<Record<string, Fault>> {
    const event = simple((agent) => agent.event());
    return {
      event,
      events: event,
      schema: simple((agent) => agent.extendSchema()),
      reset: simple((agent) => this.#world.connections.reset(agent.index)),
      partition: (subject) => this.#partition(subject),
      'agent killed': (subject) => this.#crashAgent(subject, false),
      'agent without power': (subject) => this.#crashAgent(subject, true),
      'agent restarted': (subject) => this.#restartAgent(subject),
      'agent paused': (subject) => this.#pause(subject),
      'agent superseded': (subject) => this.#haunt(subject),
      'agent doubled': (subject) => this.#double(subject),
      'ring lost': (subject) => this.#loseDisk(subject, true),
      'agent disk lost': (subject) => this.#loseDisk(subject, false),
      'clock set': (subject) => this.#setClock(subject),
      clone: (subject) => this.#clone(subject),
      'collector killed': (subject) => this.#crashCollector(subject, false),
      'store deleted': (subject) => this.#crashCollector(subject, true),
      'slow disk': (subject) =>
        this.#badDisk(subject, { ...GOOD_DISK, minCommitMs: 100, maxCommitMs: 2500 }),
      'failing disk': (subject) =>
        this.#badDisk(subject, { ...GOOD_DISK, maxCommitMs: 50, failures: 0.4 }),
      'refusing store': (subject) => this.#badDisk(subject, { ...GOOD_DISK, refusals: 0.1 }),
    };
  }

  #partition({ agent, chance }: Subject): string {
    const durationMs = chance.whole(1000, 30_000);
    this.#world.connections.partition(agent.index, durationMs);
    return `${durationMs} ms`;
  }

  #pause({ agent, chance }: Subject): string {
    const durationMs = chance.whole(500, 12_000);
    agent.pause(durationMs);
    return `${durationMs} ms`;
  }

  #crashAgent({ agent, chance }: Subject, power: boolean): string {
    agent.crash(power);
    return this.#beginAfter(agent, chance.whole(1, 12_000));
  }

  #restartAgent({ agent, chance }: Subject): string {
    const [leavesMs, awayMs] = [chance.whole(200, 3000), chance.whole(1, 4000)];
    agent.leave();
    this.#world.timeline.after(leavesMs, async () => {
      if (this.#isPeace && !agent.isRunning) return;
      await agent.stop();
      this.#beginAfter(agent, awayMs);
    });
    return `${leavesMs} ms to leave, ${awayMs} ms away`;
  }

  /** The process dies, and the next finds nothing of its ring, or nothing at all. */
  async #loseDisk({ agent, chance }: Subject, ringAlone: boolean): Promise<string> {
    agent.crash(false);
    await agent.loseDisk(ringAlone);
    return this.#beginAfter(agent, chance.whole(1, 12_000));
  }

  /** The old process stops for long; it wakes when the new one is known for good. */
  #haunt({ agent, chance }: Subject): string | undefined {
    const { epoch } = agent;
    if (!agent.isRunning) return 'not running';
    agent.haunt(() => this.#world.collector.store.newestEpoch(agent.id) > epoch);
    return this.#beginAfter(agent, chance.whole(1, 12_000));
  }

  /** A copy of the whole machine runs beside it for a while: both hold themselves for the agent. */
  async #double({ agent, chance }: Subject): Promise<string> {
    const [aheadMs, livesMs] = [
      chance.pick([0, chance.whole(-5000, 5000)]),
      chance.whole(1000, 30_000),
    ];
    this.#world.collector.store.overlapping.add(agent.id);
    const double = agent.double(chance.fork());
    double.setClock(aheadMs);
    this.#doubles.push(double);
    await double.start();
    this.#world.timeline.after(livesMs, () => double.retire());
    return `${aheadMs} ms ahead, for ${livesMs} ms`;
  }

  #setClock({ agent, chance }: Subject): string {
    // Some steps are waited for, and behind others sampling begins anew.
    const aheadMs = chance.whole(-40_000, 40_000) * (chance.hit(0.3) ? 3 : 1);
    this.#world.collector.store.overlapping.add(agent.id);
    agent.setClock(aheadMs);
    return `${aheadMs} ms ahead`;
  }

  /** Somebody with the identity of an agent that the collector knows for certain. */
  #clone({ agent }: Subject): string | undefined {
    const { collector, connections, timeline } = this.#world;
    const ledger = collector.machine?.ledger(agent.id);
    const epoch = ledger?.currentEpoch ?? 0;
    const isOnDisk = collector.store.states.has(ledger?.stateKey(epoch) ?? '');
    if (!isOnDisk || ledger?.epoch(epoch)?.nonce === undefined) return 'not known yet';
    const clone = new Clone(agent.id, epoch, timeline.nowMs);
    this.#clones.push(clone);
    clone.begin((end) => connections.connect(agent.index, end));
    return undefined;
  }

  #crashCollector({ chance }: Subject, deleteStore: boolean): string {
    const { collector, timeline } = this.#world;
    if (collector.machine === undefined) return 'not running';
    collector.crash();
    if (deleteStore) this.#deleteStore();
    const awayMs = chance.whole(1, 10_000);
    timeline.after(awayMs, () => {
      if (collector.machine === undefined) collector.start();
    });
    return `${awayMs} ms away`;
  }

  // Nobody is left who knows which of two processes is the newer one, or which the clone.
  #deleteStore(): void {
    this.#world.collector.deleteStore();
    for (const agent of this.#world.agents) agent.killZombies();
    this.#clones.splice(0);
  }

  #badDisk({ chance }: Subject, weather: DiskWeather): string {
    const durationMs = chance.whole(2000, 15_000);
    Object.assign(this.#world.disk, weather);
    this.#world.timeline.after(durationMs, () => {
      Object.assign(this.#world.disk, GOOD_DISK);
    });
    return `${durationMs} ms`;
  }

  #beginAfter(agent: SimulatedAgent, awayMs: number): string {
    this.#world.timeline.after(awayMs, () => this.beginAgent(agent));
    return `${awayMs} ms away`;
  }
}

/** A fault of which there is no more to tell than its name. */
function simple(act: (agent: SimulatedAgent) => void): Fault {
  return ({ agent }) => {
    act(agent);
    return undefined;
  };
}
