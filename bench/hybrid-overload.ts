import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ledgerSums } from './hybrid-agents.ts';
import { type AgentLoad, type RunningLoad, startSessions } from './hybrid-loads.ts';
import { ownMetrics } from './support/own-metrics.ts';
import { type BenchServer, startServer } from './support/servers.ts';

export const OVERLOAD_USAGE = `npm run bench -- overload [OPTIONS]

A collector that is given only a part of a core (it is stopped when it has used more) gets
more and more agents until it cannot keep up, which is its capacity, and then twice as many. How
much it stores then, how old its oldest batch gets, and what became of the rest once it has the
whole core again.

  --duty N      part of a core that the collector may use (default 0.15)
  --agents N    agents of one step (default 20)    --series N   of each, at 1 s (default 500)
  --step N      seconds of a step (default 6)      --seconds N  of overload (default 30)`;

const OPTIONS = {
  duty: { type: 'string', default: '0.15' },
  agents: { type: 'string', default: '20' },
  series: { type: 'string', default: '500' },
  step: { type: 'string', default: '6' },
  seconds: { type: 'string', default: '30' },
} as const;

const LOOK_MS = 10;
/** Time whose part of a core may be used in one go. */
const SAVED_MS = 200;
const STEPS_MAX = 30;
/** Steps one after the other that must be too much, as one may be so by chance. */
const STEPS_SHORT = 2;
/** Less of what is offered than this is too much for the collector. */
const KEPT_UP_SHARE = 0.95;
const GOODPUT_SHARE_MIN = 0.95;
/** Until the series of the last agents are there. */
const SETTLE_MS = 10_000;
const QUEUE_MS_MAX = 2000;
const HEAL_TIMEOUT_MS = 180_000;

/** `npm run bench -- overload`; exit status 1 where a goal is missed. */
export async function runOverloadBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const step = { agents: Number(values.agents), series: Number(values.series) };
  const server = await startServer('tidegauge');
  const overload = new Overload(server, step, Number(values.duty));
  try {
    const capacity = await overload.findCapacity(Number(values.step));
    return await overload.measure(capacity, Number(values.seconds));
  } finally {
    await overload.stop();
    await server.stop();
  }
}

class Overload {
  readonly #server: BenchServer;
  readonly #step: AgentLoad;
  readonly #throttle: Throttle;
  readonly #loads: RunningLoad[] = [];

  constructor(server: BenchServer, step: AgentLoad, duty: number) {
    this.#server = server;
    this.#step = step;
    this.#throttle = new Throttle(server.pid, duty);
    console.log(`a collector that has ${(100 * duty).toFixed(0)} % of a core`);
  }

  /** Samples a second that are stored when no more can be. */
  async findCapacity(stepSeconds: number): Promise<number> {
    let capacity = 0;
    let short = 0;
    while (this.#loads.length < STEPS_MAX) {
      await this.#add();
      // New series cost much more than samples of known ones: not part of what is measured.
      await sleep(stepSeconds * 1000);
      const { stored } = await this.#rates(stepSeconds);
      const share = stored / this.#offered;
      capacity = Math.max(capacity, stored);
      console.log(
        `offered ${thousands(this.#offered)}/s, stored ${thousands(stored)}/s, ` +
          `${(100 * share).toFixed(1)} %`,
      );
      short = share < KEPT_UP_SHARE ? short + 1 : 0;
      if (short === STEPS_SHORT) return capacity;
    }
    throw new Error(`${STEPS_MAX} steps were not too much: give --duty less or --series more`);
  }

  async measure(capacity: number, seconds: number): Promise<number> {
    while (this.#offered < 2 * capacity) await this.#add();
    await sleep(SETTLE_MS);
    const before = this.#server.usage();
    const { stored, queueMs, inFlightBytes } = await this.#rates(seconds);
    const usage = this.#server.usage();
    const share = stored / capacity;
    const during = await ledgerSums(this.#server.queryUrl);
    console.log(
      `twice the capacity: offered ${thousands(this.#offered)}/s, stored ${thousands(stored)}/s, ` +
        `${(100 * share).toFixed(1)} % of ${thousands(capacity)}/s ` +
        `(goal ${100 * GOODPUT_SHARE_MIN}); oldest batch at most ${queueMs.toFixed(0)} ms old ` +
        `(goal ${QUEUE_MS_MAX}); imbalance ${during.imbalance}`,
    );
    console.log(
      `memory: at most ${megabytes(inFlightBytes)} of batches waiting; RSS ` +
        `${megabytes(before.residentBytes)} before, ${megabytes(usage.residentBytes)} after, ` +
        `peak ${megabytes(usage.peakBytes)}`,
    );
    this.#throttle.stop();
    const after = await this.#healed();
    console.log(
      `with the whole core: ${thousands(after.stored)} of ${thousands(after.scheduled)} stored, ` +
        `${thousands(after.shed)} declared shed, ${thousands(after.failed)} failed at the source, ` +
        `${thousands(after.lost)} lost, ${thousands(after.missing)} not here yet, ` +
        `imbalance ${after.imbalance}`,
    );
    const isMet = share >= GOODPUT_SHARE_MIN && queueMs <= QUEUE_MS_MAX;
    return isMet && during.imbalance === 0 && after.imbalance === 0 ? 0 : 1;
  }

  async stop(): Promise<void> {
    this.#throttle.stop();
    await Promise.all(this.#loads.map((load) => load.stop()));
  }

  get #offered(): number {
    return this.#loads.length * this.#step.agents * this.#step.series;
  }

  async #add(): Promise<void> {
    const first = this.#loads.length * this.#step.agents;
    this.#loads.push(await startSessions(this.#server.queryUrl, this.#step, first));
  }

  /** Samples stored a second; age of the oldest batch, and bytes waiting, when they were most. */
  async #rates(
    seconds: number,
  ): Promise<{ stored: number; queueMs: number; inFlightBytes: number }> {
    const { queryUrl } = this.#server;
    const [start, before] = [performance.now(), await ledgerSums(queryUrl)];
    let queueMs = 0;
    let inFlightBytes = 0;
    while (performance.now() - start < seconds * 1000) {
      await sleep(500);
      const metrics = await ownMetrics(queryUrl);
      queueMs = Math.max(
        queueMs,
        1000 * (metrics.get('tidegauge_session_queue_delay_seconds') ?? Number.NaN),
      );
      const waiting = metrics.get('tidegauge_session_in_flight_bytes') ?? Number.NaN;
      inFlightBytes = Math.max(inFlightBytes, waiting);
    }
    const after = await ledgerSums(queryUrl);
    const stored = (after.stored - before.stored) / ((performance.now() - start) / 1000);
    return { stored, queueMs, inFlightBytes };
  }

  /** What the ledgers say when nothing but the newest ticks is missing. */
  async #healed(): Promise<Awaited<ReturnType<typeof ledgerSums>>> {
    const deadline = performance.now() + HEAL_TIMEOUT_MS;
    for (;;) {
      const sums = await ledgerSums(this.#server.queryUrl);
      if (sums.missing <= 2 * this.#offered || performance.now() > deadline) return sums;
      await sleep(500);
    }
  }
}

/** Lets a process have a part of a core, by the CPU time that all its threads have used. */
class Throttle {
  readonly #pid: number;
  readonly #duty: number;
  #timer: NodeJS.Timeout | undefined;
  #atMs = performance.now();
  #usedMs: number;
  /** CPU time that it may still use. */
  #leftMs = 0;
  #isStopped = false;

  constructor(pid: number, duty: number) {
    this.#pid = pid;
    this.#duty = duty;
    this.#usedMs = threadsCpuMs(pid);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.kill(this.#pid, 'SIGCONT');
  }

  #look(): void {
    const [nowMs, usedMs] = [performance.now(), threadsCpuMs(this.#pid)];
    const given = (nowMs - this.#atMs) * this.#duty;
    // What it could not use while others had the machine is not saved up for long.
    const most = SAVED_MS * this.#duty;
    this.#leftMs = Math.min(most, this.#leftMs + given - (usedMs - this.#usedMs));
    this.#atMs = nowMs;
    this.#usedMs = usedMs;
    if (this.#leftMs > 0 !== this.#isStopped) return;
    this.#isStopped = !this.#isStopped;
    process.kill(this.#pid, this.#isStopped ? 'SIGSTOP' : 'SIGCONT');
  }
}

/** CPU time of all threads of a process in milliseconds, as the scheduler counts it. */
function threadsCpuMs(pid: number): number {
  const folder = `/proc/${pid}/task`;
  let sum = 0;
  for (const thread of readdirSync(folder)) {
    try {
      sum += Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    } catch {
      // It ended between the two.
    }
  }
  return sum;
}

function megabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e6).toFixed(1)} MB`;
}

function thousands(count: number): string {
  return `${(count / 1000).toFixed(1)}k`;
}
