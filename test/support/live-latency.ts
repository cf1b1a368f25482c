import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './hybrid-store-check.ts';

/** Between two questions, as long as a tick is waited for. */
const POLL_MS = 4;
const LOOP_RESOLUTION_MS = 5;

export interface WatchedTicks {
  readonly url: string;
  /** Has one series of each of the agents that are watched. */
  readonly selector: string;
  readonly agentIds: readonly string[];
  readonly intervalMs: number;
  readonly seconds: number;
}

/** Where the time of live samples went; means, in milliseconds, one after the other. */
export interface LiveParts {
  /** In the agent: waiting for its place among the agents, sampling, sealing. */
  readonly sealedMs: number;
  /** From there until the collector had read it from the connection. */
  readonly readMs: number;
  /** From there until it was in the log and could be queried. */
  readonly storedMs: number;
  /** From there until a question showed it: the measure's own part. */
  readonly askedMs: number;
}

export interface LiveLatency {
  /** From the time of each tick to the first answer that shows it. */
  readonly visibleMs: readonly number[];
  readonly parts: LiveParts;
  /** How late timers of the measuring process were: what the machine had no time for. */
  readonly timersLateMs: { readonly p50: number; readonly p99: number };
}

/** Sums since the collector and its agents started. */
interface Sums {
  readonly sealed: Mean;
  readonly arrival: Mean;
  readonly visibility: Mean;
}

interface Mean {
  readonly sumMs: number;
  readonly count: number;
}

/**
 * Asks for the newest tick of some agents, all by one question, over and over while a tick is
 * awaited, and works out from what agents and collector count where the time went. Nothing else
 * may be read from the agents meanwhile.
 */
export async function watchLive(watched: WatchedTicks): Promise<LiveLatency> {
  const before = await sumsOf(watched);
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();
  const visibleMs = await watchTicks(watched);
  loop.disable();
  const after = await sumsOf(watched);
  const sealedMs = meanBetween(before.sealed, after.sealed);
  const arrivalMs = meanBetween(before.arrival, after.arrival);
  const visibilityMs = meanBetween(before.visibility, after.visibility);
  const lateMs = (percent: number): number =>
    Math.max(0, loop.percentile(percent) / 1e6 - LOOP_RESOLUTION_MS);
  return {
    visibleMs,
    parts: {
      sealedMs,
      readMs: arrivalMs - sealedMs,
      storedMs: visibilityMs - arrivalMs,
      askedMs: meanOf(visibleMs) - visibilityMs,
    },
    timersLateMs: { p50: lateMs(50), p99: lateMs(99) },
  };
}

/** One line of words and figures. */
export function describeLive({ parts, timersLateMs }: LiveLatency): string {
  const text = (ms: number): string => ms.toFixed(1);
  return (
    `on average ${text(parts.sealedMs)} ms in the agent (its place among the agents, sampling), ` +
    `${text(parts.readMs)} to the collector, ${text(parts.storedMs)} into its log, ` +
    `${text(parts.askedMs)} until a question showed it; timers of this process were late by ` +
    `${text(timersLateMs.p50)} ms, p99 ${text(timersLateMs.p99)}`
  );
}

/** When each tick of each agent was first seen. What was overtaken was seen with what overtook. */
export class TickLog {
  readonly visibleMs: number[] = [];
  readonly #intervalMs: number;
  readonly #newest = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** The newest tick of an agent, as an answer at `nowMs` gave it; the first is where it begins. */
  saw(agentId: string, tick: number, nowMs: number): void {
    const before = this.#newest.get(agentId) ?? tick;
    for (let next = before + 1; next <= tick; next++) {
      this.visibleMs.push(nowMs - next * this.#intervalMs);
    }
    this.#newest.set(agentId, Math.max(before, tick));
  }

  /** Whether that many agents have shown that tick. */
  hasAll(tick: number, agents: number): boolean {
    let count = 0;
    for (const newest of this.#newest.values()) if (newest >= tick) count++;
    return count >= agents;
  }
}

async function watchTicks(watched: WatchedTicks): Promise<number[]> {
  const { intervalMs, seconds, agentIds } = watched;
  const log = new TickLog(intervalMs);
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    const ticks = await newestTicks(watched);
    const nowMs = Date.now();
    for (const [agentId, tick] of ticks) log.saw(agentId, tick, nowMs);
    const due = Math.floor(Date.now() / intervalMs);
    const isSeen = log.hasAll(due, agentIds.length);
    // Asking while nothing is due would be a load of its own.
    await sleep(isSeen ? (due + 1) * intervalMs - Date.now() : POLL_MS);
  }
  return log.visibleMs;
}

async function newestTicks({
  url,
  selector,
  intervalMs,
}: Pick<WatchedTicks, 'url' | 'selector' | 'intervalMs'>): Promise<Map<string, number>> {
  type Found = {
    readonly metric: { readonly agent?: string };
    readonly value: readonly [number, string];
  };
  const query = `timestamp(${selector})`;
  const { result } = await ask<{ result: readonly Found[] }>(url, '/api/v1/query', { query });
  return new Map(
    result.map(({ metric, value }) => [
      metric.agent ?? '',
      Math.round((Number(value[1]) * 1000) / intervalMs),
    ]),
  );
}

async function sumsOf({ url, agentIds }: WatchedTicks): Promise<Sums> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const values = new Map(
    [...text.matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [name, value]),
  );
  const histogram = (name: string): Mean => ({
    sumMs: Number(values.get(`tidegauge_${name}_seconds_sum`) ?? 0) * 1000,
    count: Number(values.get(`tidegauge_${name}_seconds_count`) ?? 0),
  });
  let [sumMs, count] = [0, 0];
  for (const agentId of agentIds) {
    const { sealDelayMs, sealedBatches } = await statusOf(url, agentId);
    sumMs += sealDelayMs;
    count += sealedBatches;
  }
  return {
    sealed: { sumMs, count },
    arrival: histogram('arrival'),
    visibility: histogram('visibility'),
  };
}

interface AgentStatus {
  readonly sealDelayMs: number;
  readonly sealedBatches: number;
}

/** What an agent says of itself, over its own connection. */
async function statusOf(url: string, agentId: string): Promise<AgentStatus> {
  const params = { kind: 'function', selector: 'status' };
  const path = `/api/v1/agents/${agentId}/read`;
  const { json } = await ask<{ json?: AgentStatus }>(url, path, params, { method: 'POST' });
  if (json === undefined) throw new Error(`agent ${agentId} does not tell its status`);
  return json;
}

function meanBetween(before: Mean, after: Mean): number {
  return (after.sumMs - before.sumMs) / (after.count - before.count);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
