import { setTimeout as sleep } from 'node:timers/promises';
import { tickAt } from '../agents/synthetic-load.ts';
import type { TickRange } from '../completeness-check.ts';
import { LOSS_PROBABILITY } from '../lab-options.ts';
import type { Rig } from '../rig.ts';
import type { VisibilityWatch } from '../visibility-watch.ts';
import { waitUntil } from './wait.ts';

/** When a fault was there. */
export interface Fault extends TickRange {
  readonly beginMs: number;
  readonly endMs: number;
}

interface Change {
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** For agents that come back late: the next fault must not find them still away. */
const BACK_TIMEOUT_MS = 20_000;
const STEADY_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
/** A value is pulled up to an interval late, and seen a little later. */
const YOUNG_INTERVALS = 2.5;
/** Looks at the ages that tell something. */
const AGES_MIN = 3;

/** Does to a rig what networks and machines do, one after another, each with time to recover. */
export class FaultRun {
  readonly #rig: Rig;
  readonly #watch: VisibilityWatch;
  readonly #say: (what: string) => void;

  constructor(rig: Rig, watch: VisibilityWatch, say: (what: string) => void) {
    this.#rig = rig;
    this.#watch = watch;
    this.#say = say;
  }

  /**
   * Waits until every agent's values come as they should: the start of all at once is busy, and who
   * has no first value yet has no age, but would lack the ticks before it.
   */
  async untilSteady(): Promise<void> {
    const { intervalMs } = this.#rig.options;
    this.#say('starting again, beside the others');
    const isSteady = (): boolean => {
      const ages = this.#watch.agesSince(Date.now() - 2 * intervalMs);
      const isYoung = ages.every(({ worstMs }) => worstMs < YOUNG_INTERVALS * intervalMs);
      return ages.length >= AGES_MIN && isYoung && this.#newestTicks().every((tick) => tick > 0);
    };
    await waitUntil(() => Promise.resolve(isSteady()), {
      timeoutMs: STEADY_TIMEOUT_MS,
      pollMs: POLL_MS,
    });
  }

  loss(): Promise<Fault> {
    const { network, options } = this.#rig;
    this.#say('1 % loss');
    return this.#fault(options.times.lossMs, options.times.settleMs / 2, {
      begin: () => network.set({ resetProbability: LOSS_PROBABILITY }),
      end: () => network.set({ resetProbability: 0 }),
    });
  }

  partition(): Promise<Fault> {
    const { network, options } = this.#rig;
    this.#say('partition');
    return this.#fault(options.times.partitionMs, options.times.settleMs, {
      begin: () => network.set({ isPartitioned: true }),
      end: () => network.set({ isPartitioned: false }),
    });
  }

  outage(): Promise<Fault> {
    const { collector, options } = this.#rig;
    this.#say('collector killed');
    return this.#fault(options.times.outageMs, options.times.settleMs, {
      begin: () => collector.kill(),
      end: () => collector.launch(),
    });
  }

  congestion(bytesPerSecond: number): Promise<Fault> {
    const { network, options } = this.#rig;
    this.#say('twice what the network takes');
    return this.#fault(options.times.congestionMs, options.times.settleMs, {
      begin: () => network.set({ bytesPerSecond }),
      end: () => network.set({ bytesPerSecond: Infinity }),
    });
  }

  async #fault(durationMs: number, settleMs: number, change: Change): Promise<Fault> {
    const { intervalMs } = this.#rig.options;
    const beginMs = Date.now();
    await change.begin();
    await sleep(Math.max(0, beginMs + durationMs - Date.now()));
    await change.end();
    const endMs = Date.now();
    const range = { fromTick: tickAt(beginMs, intervalMs), toTick: tickAt(endMs, intervalMs) + 1 };
    this.#say('recovery');
    await sleep(settleMs);
    const isBack = (): boolean => this.#newestTicks().every((tick) => tick >= range.toTick);
    if (!isBack()) {
      await waitUntil(() => Promise.resolve(isBack()), {
        timeoutMs: BACK_TIMEOUT_MS,
        pollMs: POLL_MS,
      });
      // Who comes back late has time for repairs, too.
      await sleep(settleMs / 2);
    }
    return { beginMs, endMs, ...range };
  }

  /** Of each agent; 0 where nothing was seen yet. */
  #newestTicks(): number[] {
    const { agents } = this.#rig.options;
    return Array.from({ length: agents }, (_, agent) => this.#watch.newestTick(agent));
  }
}
