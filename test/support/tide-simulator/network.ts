import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

/** One end of a connection: what it hears of. */
export interface Endpoint {
  message(message: unknown): void | Promise<void>;
  closed(): void | Promise<void>;
}

/** How the network behaves; changed while it runs. */
export interface Weather {
  minDelayMs: number;
  maxDelayMs: number;
  /** Of a sealed frame, delivered twice. */
  duplicates: number;
  /** Of each message, that the connection breaks at it. */
  resets: number;
}

/**
 * A connection as TCP gives it: in order, nothing lost while it lasts, and everything on its way
 * lost when it breaks. A stalled one swallows what is sent and tells nobody. What was under way
 * when the agent already is on another connection may still arrive: order across connections is not
 * kept.
 */
export class Connection {
  readonly id: number;
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #weather: Weather;
  readonly #ends: { readonly agent: Endpoint; readonly collector: Endpoint };
  readonly #open = { agent: true, collector: true };
  /** Something to this end was lost. */
  readonly #isBroken = { agent: false, collector: false };
  readonly #lastArrivalMs = { agent: 0, collector: 0 };
  stalled = false;

  constructor(
    id: number,
    network: { timeline: Timeline; chance: Chance; weather: Weather },
    ends: { agent: Endpoint; collector: Endpoint },
  ) {
    this.id = id;
    this.#timeline = network.timeline;
    this.#chance = network.chance;
    this.#weather = network.weather;
    this.#ends = ends;
  }

  get isOpen(): boolean {
    return this.#open.agent && this.#open.collector;
  }

  send(to: 'agent' | 'collector', message: unknown, mayRepeat: boolean): void {
    const from = to === 'agent' ? 'collector' : 'agent';
    if (!this.#open[from] || this.stalled) return;
    if (this.#chance.hit(this.#weather.resets)) {
      // Connections deliver in order: nothing behind what is lost arrives.
      this.#isBroken[to] = true;
      this.reset();
      return;
    }
    const isLost = this.#isBroken[to];
    const times = mayRepeat && this.#chance.hit(this.#weather.duplicates) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      this.#deliver(to, () => (isLost ? undefined : this.#ends[to].message(message)));
    }
  }

  /** One end closes: the other hears of it behind what was sent before. */
  close(by: 'agent' | 'collector'): void {
    if (!this.#open[by]) return;
    this.#open[by] = false;
    if (this.stalled) return;
    const other = by === 'agent' ? 'collector' : 'agent';
    this.#deliver(other, () => this.#hang(other));
  }

  /** Breaks: what is on its way and arrives late enough is lost, and both ends hear of it. */
  reset(): void {
    for (const end of ['agent', 'collector'] as const) {
      const delayMs = this.#chance.whole(0, this.#weather.maxDelayMs);
      this.#timeline.after(delayMs, () => this.#hang(end));
    }
  }

  #hang(end: 'agent' | 'collector'): void | Promise<void> {
    if (!this.#open[end]) return undefined;
    this.#open[end] = false;
    return this.#ends[end].closed();
  }

  #deliver(to: 'agent' | 'collector', act: () => void | Promise<void>): void {
    const { minDelayMs, maxDelayMs } = this.#weather;
    const arrivalMs = Math.max(
      this.#lastArrivalMs[to],
      this.#timeline.nowMs + this.#chance.whole(minDelayMs, maxDelayMs),
    );
    this.#lastArrivalMs[to] = arrivalMs;
    this.#timeline.after(arrivalMs - this.#timeline.nowMs, () =>
      this.#open[to] ? act() : undefined,
    );
  }
}
