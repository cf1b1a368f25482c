import type { Chance } from './chance.ts';
import { Connection, type Endpoint, type Weather } from './network.ts';
import type { SimulatedCollector } from './simulated-collector.ts';
import type { Timeline } from './timeline.ts';

interface Network {
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly collector: SimulatedCollector;
}

/** All connections between agents and the collector, and who cannot reach it. */
export class Connections {
  readonly #network: Network;
  readonly #open = new Map<number, { agent: number; connection: Connection }>();
  readonly #partitioned = new Set<number>();
  #last = 0;

  constructor(network: Network) {
    this.#network = network;
  }

  /** Undefined when the agent is cut off, or nobody listens. */
  connect(agent: number, end: Endpoint): Connection | undefined {
    const { collector } = this.#network;
    if (this.#partitioned.has(agent) || collector.machine === undefined) return undefined;
    const ends = { agent: end, collector: end };
    const connection = new Connection(++this.#last, this.#network, ends);
    const accepted = collector.accept(connection);
    if (accepted === undefined) return undefined;
    ends.collector = accepted;
    this.#open.set(connection.id, { agent, connection });
    return connection;
  }

  /** Breaks those of an agent. */
  reset(agent: number): void {
    for (const [id, entry] of this.#open) {
      if (!entry.connection.isOpen) this.#open.delete(id);
      else if (entry.agent === agent) entry.connection.reset();
    }
  }

  /** Swallows what an agent sends and is sent, for so long. */
  partition(agent: number, durationMs: number): void {
    this.#partitioned.add(agent);
    for (const entry of this.#open.values()) {
      if (entry.agent === agent) entry.connection.stalled = true;
    }
    this.#network.timeline.after(durationMs, () => this.#mend(agent));
  }

  mendAll(): void {
    for (const agent of this.#partitioned) this.#mend(agent);
  }

  #mend(agent: number): void {
    this.#partitioned.delete(agent);
    // What was swallowed is not sent again: the connection is dead, as after too many retries.
    for (const entry of this.#open.values()) {
      if (entry.agent === agent && entry.connection.stalled) entry.connection.reset();
    }
  }
}
