import { setTimeout as sleep } from 'node:timers/promises';
import {
  accounts,
  type AgentAccount,
  type StoredTruth,
  storedTruth,
  type SyntheticAgent,
} from '../test/support/hybrid-store-check.ts';
import { ledgerSums, waitForSeries } from './hybrid-agents.ts';
import { type AgentLoad, type RunningLoad, startSessions } from './hybrid-loads.ts';
import { ownMetrics } from './support/own-metrics.ts';
import { threadTimes } from './support/process-usage.ts';
import type { BenchServer } from './support/servers.ts';
import { Throttle } from './support/throttle.ts';

/** What a stretch of time brought; samples are a second's. */
export interface Rates {
  /** Sampled by the agents, whatever became of it. */
  readonly offered: number;
  readonly stored: number;
  /** Stored with a second of the collector's CPU time. */
  readonly perCpuSecond: number;
  /** Part of a core that the collector used, and for which it waited as others had it. */
  readonly duty: number;
  readonly waited: number;
  /** From when a batch was read until it was stored: half of them, 99 %, and all are below. */
  readonly queueP50Ms: number;
  readonly queueP99Ms: number;
  readonly queueMaxMs: number;
}

/** What ledgers say of some agents, beside what the store has of them by value. */
export interface Declared {
  readonly agents: number;
  readonly scheduled: number;
  readonly missing: number;
  readonly shed: number;
  readonly failed: number;
  readonly lost: number;
  /** Scheduled and not stored, by the ledgers. */
  readonly declared: number;
  /** Scheduled, and not in the store. */
  readonly absent: number;
  /** Samples whose value is not that of their agent, series and tick. */
  readonly wrong: number;
}

const INTERVAL_MS = 1000;
const HEAL_TIMEOUT_MS = 180_000;
const IN_FLIGHT_TIMEOUT_MS = 10_000;
/** Agents of each half whose samples are read back one by one. */
const AGENTS_READ = 3;
const QUEUE_METRIC = 'tidegauge_session_queue_seconds';

/** A collector that may use a part of a core, and one or two halves of a load on it. */
export class OverloadRig {
  readonly #server: BenchServer;
  readonly #half: AgentLoad;
  readonly #loads: RunningLoad[] = [];
  #throttle: Throttle | undefined;

  constructor(server: BenchServer, half: AgentLoad) {
    this.#server = server;
    this.#half = half;
  }

  /** Samples a second of what there is of the load. */
  get wanted(): number {
    return this.#loads.length * this.#half.agents * this.#half.series;
  }

  /** Undefined: all that the machine gives. */
  limit(duty: number | undefined): void {
    this.#throttle?.end();
    this.#throttle = duty === undefined ? undefined : new Throttle(this.#server.pid, duty);
  }

  /** Another half of the load, and waits until its series, which cost much more, are there. */
  async add(): Promise<void> {
    const first = this.#loads.length * this.#half.agents;
    this.#loads.push(await startSessions(this.#server.queryUrl, this.#half, first));
    await waitForSeries(this.#server, this.wanted);
    await this.healed();
  }

  /** The last half leaves in good order. */
  async remove(): Promise<void> {
    await this.#loads.pop()?.stop();
  }

  async stop(): Promise<void> {
    this.limit(undefined);
    await Promise.all(this.#loads.splice(0).map((load) => load.stop()));
  }

  /** Asks at both ends alone: an answer comes out of the collector's part of the core. */
  async rates(seconds: number): Promise<Rates> {
    const { queryUrl, pid } = this.#server;
    const before = await ownMetrics(queryUrl);
    const [start, timesBefore] = [performance.now(), threadTimes(pid)];
    await sleep(seconds * 1000);
    const passedMs = performance.now() - start;
    const times = threadTimes(pid);
    const after = await ownMetrics(queryUrl);
    const rise = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    const duty = (times.cpuMs - timesBefore.cpuMs) / passedMs;
    // Counts and CPU time are of one moment, the moment of the answer; when that was is not known
    // as well, for an answer is long under way where there is little CPU.
    const cpuSeconds = rise('process_cpu_seconds_total');
    const perCpuSecond = rise('tidegauge_samples_stored_total') / cpuSeconds;
    const sampled =
      rise('tidegauge_samples_scheduled_total') - rise('tidegauge_samples_failed_total');
    const delays = bucketsOf(after, before);
    return {
      offered: (sampled / cpuSeconds) * duty,
      stored: perCpuSecond * duty,
      perCpuSecond,
      duty,
      waited: (times.waitMs - timesBefore.waitMs) / passedMs,
      queueP50Ms: belowMs(delays, 0.5),
      queueP99Ms: belowMs(delays, 0.99),
      queueMaxMs: belowMs(delays, 1),
    };
  }

  /** What the ledgers say when nothing but the newest ticks is missing. */
  async healed(): Promise<Awaited<ReturnType<typeof ledgerSums>>> {
    const deadline = performance.now() + HEAL_TIMEOUT_MS;
    for (;;) {
      const sums = await ledgerSums(this.#server.queryUrl);
      if (sums.missing <= 2 * this.wanted || performance.now() > deadline) return sums;
      await sleep(500);
    }
  }

  /** Reads some agents' samples back while all agents stand still, so that nothing changes. */
  async declared(): Promise<Declared> {
    for (const { pid } of this.#loads) process.kill(pid, 'SIGSTOP');
    this.limit(undefined);
    try {
      await this.#nothingInFlight();
      const all = await accounts(this.#server.queryUrl);
      const agents = this.#loads.flatMap((_, half) => this.#read(half));
      const pairs: { account: AgentAccount; truth: StoredTruth }[] = [];
      for (const agent of agents) {
        const account = all.get(agent.id);
        if (account === undefined) throw new Error(`${agent.id}: no account`);
        pairs.push({ account, truth: await storedTruth(this.#server.queryUrl, agent) });
      }
      const sum = (one: (pair: (typeof pairs)[number]) => number): number =>
        pairs.reduce((total, pair) => total + one(pair), 0);
      const term = (name: keyof AgentAccount['terms']): number =>
        sum(({ account }) => account.terms[name]);
      return {
        agents: agents.length,
        scheduled: term('scheduled'),
        missing: term('missing'),
        shed: term('shed'),
        failed: term('failed'),
        lost: term('lost'),
        declared: term('scheduled') - term('stored'),
        absent: term('scheduled') - sum(({ truth }) => truth.samples),
        wrong: sum(({ truth }) => truth.wrong.length),
      };
    } finally {
      for (const { pid } of this.#loads) process.kill(pid, 'SIGCONT');
    }
  }

  /**
   * What is not as it was declared once all agents have left: of those that ran all the time. What
   * they could not get rid of before they left is missing, and declared so.
   */
  async disagreements(): Promise<string[]> {
    // What agents sent before they left may still be on its way to the store.
    await this.#nothingInFlight();
    const all = await accounts(this.#server.queryUrl);
    const found: string[] = [];
    for (const agent of this.#read(0)) {
      const account = all.get(agent.id);
      if (account === undefined) found.push(`${agent.id}: no account`);
      else {
        const truth = await storedTruth(this.#server.queryUrl, agent);
        found.push(...misstatements(agent.id, account, truth));
      }
    }
    return found;
  }

  #read(half: number): SyntheticAgent[] {
    const { agents, series } = this.#half;
    return Array.from({ length: Math.min(agents, AGENTS_READ) }, (_, index) => {
      const agent = half * agents + index;
      return { id: `synthetic-${agent}`, agent, series, intervalMs: INTERVAL_MS };
    });
  }

  async #nothingInFlight(): Promise<void> {
    const deadline = performance.now() + IN_FLIGHT_TIMEOUT_MS;
    for (let quiet = 0; quiet < 2; ) {
      await sleep(250);
      const metrics = await ownMetrics(this.#server.queryUrl);
      quiet = metrics.get('tidegauge_session_in_flight_bytes') === 0 ? quiet + 1 : 0;
      if (performance.now() > deadline) throw new Error('what came is not stored after 10 s');
    }
  }
}

function misstatements(id: string, account: AgentAccount, truth: StoredTruth): string[] {
  const { terms, imbalance, state } = account;
  const found = [...truth.wrong.slice(0, 5)];
  if (imbalance !== 0) found.push(`${id}: imbalance ${imbalance}`);
  if (terms.stored !== truth.samples) {
    found.push(`${id}: ${terms.stored} stored by the ledger, ${truth.samples} in the store`);
  }
  if (state !== 'ended') found.push(`${id}: ${state} after it left`);
  return found;
}

/** How many batches waited at most so long, by the seconds, since `before`. */
function bucketsOf(
  after: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): readonly (readonly [number, number])[] {
  const buckets: [number, number][] = [];
  for (const [series, count] of after) {
    const bound = /^(\w+)_bucket\{le="(.*)"\}$/.exec(series);
    if (bound?.[1] !== QUEUE_METRIC) continue;
    const seconds = bound[2] === '+Inf' ? Infinity : Number(bound[2]);
    buckets.push([seconds, count - (before.get(series) ?? 0)]);
  }
  return buckets.toSorted(([a], [b]) => a - b);
}

/** The bound that a share of the batches is below, in milliseconds. */
function belowMs(buckets: readonly (readonly [number, number])[], share: number): number {
  const all = buckets.at(-1)?.[1] ?? 0;
  const [seconds = Number.NaN] = buckets.find(([, count]) => count >= share * all) ?? [];
  return 1000 * seconds;
}
