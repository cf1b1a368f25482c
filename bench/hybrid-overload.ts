import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ledgerSums, waitForSeries } from './hybrid-agents.ts';
import { type AgentLoad, type RunningLoad, startSessions } from './hybrid-loads.ts';
import { ownMetrics } from './support/own-metrics.ts';
import { type BenchServer, startServer } from './support/servers.ts';
import { Throttle, threadsCpuMs } from './support/throttle.ts';

export const OVERLOAD_USAGE = `npm run bench -- overload [OPTIONS]

A collector gets ever smaller parts of a core (it is stopped when it has used more) until it cannot
store all that its agents send, which is its capacity with that part. Then as many agents again
come, so that it gets twice that: how much it stores, how old its oldest batch gets, and what became
of the rest once it has the whole core again. No series is new while anything is measured. About
three minutes, and a minute more where the backlog is large.

  --agents N    of one half of the load (default 150)  --series N   of each, at 1 s (default 1000)
  --step N      seconds of a step (default 8)          --seconds N  of overload (default 30)`;

const OPTIONS = {
  agents: { type: 'string', default: '150' },
  series: { type: 'string', default: '1000' },
  step: { type: 'string', default: '8' },
  seconds: { type: 'string', default: '30' },
} as const;

const STEPS_MAX = 12;
/** What is left of a core's part from step to step. */
const STEP_FACTOR = 0.85;
/** Less of what is offered than this is too much for the collector. */
const KEPT_UP_SHARE = 0.95;
const GOODPUT_SHARE_MIN = 0.95;
/** Steps one after the other that must be too little, as one may be so by chance. */
const STEPS_SHORT = 2;
/** Before anything is measured after a change: what was granted before comes in first. */
const SETTLE_MS = 8000;
const QUEUE_MS_MAX = 2000;
/** Seldom: the answers come out of the collector's part of the core. */
const POLL_MS = 2000;
const HEAL_TIMEOUT_MS = 180_000;
/**
 * Agents that do not sample so much of what they should are short of CPU themselves. A tick more or
 * less at the ends of a stretch of time is no sign of it.
 */
const OFFERED_SHARE_MIN = 0.9;

/** What a stretch of time brought, a second. */
interface Rates {
  /** Sampled by the agents, whatever became of it. */
  readonly offered: number;
  readonly stored: number;
  /** Part of a core that the collector used. */
  readonly duty: number;
  /** Age of the oldest batch, and bytes waiting, when they were most. */
  readonly queueMs: number;
  readonly inFlightBytes: number;
}

/** `npm run bench -- overload`; exit status 1 where a goal is missed. */
export async function runOverloadBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const half = { agents: Number(values.agents), series: Number(values.series) };
  const server = await startServer('tidegauge');
  const overload = new Overload(server, half);
  try {
    const step = await overload.findCapacity(Number(values.step));
    return await overload.measure(step, Number(values.seconds));
  } finally {
    await overload.stop();
    await server.stop();
  }
}

class Overload {
  readonly #server: BenchServer;
  readonly #half: AgentLoad;
  readonly #loads: RunningLoad[] = [];
  #throttle: Throttle | undefined;

  constructor(server: BenchServer, half: AgentLoad) {
    this.#server = server;
    this.#half = half;
  }

  /** The part of a core with which the collector falls short of one half, and what it stores. */
  async findCapacity(stepSeconds: number): Promise<{ duty: number; capacity: number }> {
    await this.#add();
    const free = await this.#rates(2 * stepSeconds);
    this.#say('with the whole core', free);
    if (
      free.stored < KEPT_UP_SHARE * free.offered ||
      free.offered < OFFERED_SHARE_MIN * this.#wanted
    ) {
      throw new Error('the machine is too busy for this load: give --agents less, or wait');
    }
    let { duty } = free;
    let short = 0;
    for (let step = 0; step < STEPS_MAX; step++) {
      duty *= STEP_FACTOR;
      this.#limit(duty);
      await sleep(SETTLE_MS);
      const rates = await this.#rates(stepSeconds);
      this.#say(`with ${percent(duty)} of a core`, rates);
      short = rates.stored < KEPT_UP_SHARE * rates.offered ? short + 1 : 0;
      if (short === STEPS_SHORT) {
        // Twice as long for the figure that all is compared with.
        const again = await this.#rates(2 * stepSeconds);
        this.#say('the same, once more', again);
        return { duty, capacity: Math.max(rates.stored, again.stored) };
      }
    }
    throw new Error(`${STEPS_MAX} steps were not too little: give --series more`);
  }

  async measure(
    { duty, capacity }: { duty: number; capacity: number },
    seconds: number,
  ): Promise<number> {
    this.#limit(undefined);
    await this.#add();
    const before = this.#server.usage();
    this.#limit(duty);
    await sleep(SETTLE_MS);
    const rates = await this.#rates(seconds);
    const usage = this.#server.usage();
    this.#say(`twice the agents, ${percent(duty)} of a core`, rates);
    const during = await ledgerSums(this.#server.queryUrl);
    this.#limit(undefined);
    console.log('the whole core again: what was deferred is pulled');
    const after = await this.#healed();
    const share = rates.stored / capacity;
    const queueIsBounded = rates.queueMs <= QUEUE_MS_MAX;
    const unsampled = Math.max(0, 1 - rates.offered / (2 * this.#wanted));
    console.log(
      [
        '',
        `capacity           ${thousands(capacity)} samples/s with ${percent(duty)} of a core`,
        `offered            ${thousands(rates.offered)}/s, ${(rates.offered / capacity).toFixed(2)} times that`,
        `goodput            ${thousands(rates.stored)}/s, ${percent(share)} of the capacity ` +
          `(goal ${percent(GOODPUT_SHARE_MIN)}${share >= GOODPUT_SHARE_MIN ? '' : ', MISSED'})`,
        `oldest batch       ${rates.queueMs.toFixed(0)} ms at most ` +
          `(goal ${QUEUE_MS_MAX}${queueIsBounded ? '' : ', MISSED'})`,
        `CPU                ${percent(rates.duty)} of a core were used of ${percent(duty)}`,
        `waiting            ${megabytes(rates.inFlightBytes)} at most`,
        `memory             ${megabytes(before.residentBytes)} before, ` +
          `${megabytes(usage.residentBytes)} after, peak ${megabytes(usage.peakBytes)}`,
        `then               ${thousands(after.stored)} of ${thousands(after.scheduled)} stored, ` +
          `${thousands(after.shed)} declared shed, ${thousands(after.failed)} failed at the ` +
          `source, ${thousands(after.lost)} lost, ${thousands(after.missing)} not here yet`,
        `imbalance          ${during.imbalance} during, ${after.imbalance} after (goal 0)`,
        ...(unsampled > 1 - OFFERED_SHARE_MIN
          ? [`NOT VALID: the agents had no CPU to sample ${percent(unsampled)} of their ticks`]
          : []),
      ].join('\n'),
    );
    const isMet = share >= GOODPUT_SHARE_MIN && queueIsBounded;
    return isMet && during.imbalance === 0 && after.imbalance === 0 ? 0 : 1;
  }

  async stop(): Promise<void> {
    this.#limit(undefined);
    await Promise.all(this.#loads.map((load) => load.stop()));
  }

  /** Samples a second of one half. */
  get #wanted(): number {
    return this.#half.agents * this.#half.series;
  }

  #limit(duty: number | undefined): void {
    this.#throttle?.end();
    this.#throttle = duty === undefined ? undefined : new Throttle(this.#server.pid, duty);
  }

  /** Another half of the load, and waits until its series, which cost much more, are there. */
  async #add(): Promise<void> {
    const first = this.#loads.length * this.#half.agents;
    this.#loads.push(await startSessions(this.#server.queryUrl, this.#half, first));
    const series = this.#loads.length * this.#wanted;
    console.log(`${this.#loads.length * this.#half.agents} agents, waiting for ${series} series`);
    await waitForSeries(this.#server, series);
    await this.#healed();
    await sleep(SETTLE_MS);
  }

  async #rates(seconds: number): Promise<Rates> {
    const { queryUrl, pid } = this.#server;
    const [start, before] = [performance.now(), await ledgerSums(queryUrl)];
    const cpuBeforeMs = threadsCpuMs(pid);
    let queueMs = 0;
    let inFlightBytes = 0;
    while (performance.now() - start < seconds * 1000) {
      await sleep(POLL_MS);
      const metrics = await ownMetrics(queryUrl);
      queueMs = Math.max(
        queueMs,
        1000 * (metrics.get('tidegauge_session_queue_delay_seconds') ?? Number.NaN),
      );
      const waiting = metrics.get('tidegauge_session_in_flight_bytes') ?? Number.NaN;
      inFlightBytes = Math.max(inFlightBytes, waiting);
    }
    const after = await ledgerSums(queryUrl);
    const passedSeconds = (performance.now() - start) / 1000;
    const perSecond = (name: 'stored' | 'scheduled' | 'failed'): number =>
      (after[name] - before[name]) / passedSeconds;
    return {
      offered: perSecond('scheduled') - perSecond('failed'),
      stored: perSecond('stored'),
      duty: (threadsCpuMs(pid) - cpuBeforeMs) / (1000 * passedSeconds),
      queueMs,
      inFlightBytes,
    };
  }

  #say(what: string, { offered, stored, duty, queueMs }: Rates): void {
    console.log(
      `${what}: offered ${thousands(offered)}/s, stored ${thousands(stored)}/s ` +
        `(${percent(stored / offered)}) with ${percent(duty)} of a core, ` +
        `oldest batch ${queueMs.toFixed(0)} ms`,
    );
  }

  /** What the ledgers say when nothing but the newest ticks is missing. */
  async #healed(): Promise<Awaited<ReturnType<typeof ledgerSums>>> {
    const deadline = performance.now() + HEAL_TIMEOUT_MS;
    const newest = 2 * this.#loads.length * this.#wanted;
    for (;;) {
      const sums = await ledgerSums(this.#server.queryUrl);
      if (sums.missing <= newest || performance.now() > deadline) return sums;
      await sleep(500);
    }
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function megabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e6).toFixed(1)} MB`;
}

function thousands(count: number): string {
  return `${(count / 1000).toFixed(1)}k`;
}
