import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ChaosProxy } from '../src/lab/chaos-proxy.ts';
import { ask } from '../test/support/hybrid-store-check.ts';
import {
  type AgentLoad,
  Exporters,
  type RunningLoad,
  scrapeConfig,
  startRemoteWrite,
  startSessions,
} from './hybrid-loads.ts';
import { measureLatencies } from './hybrid-latency.ts';
import { aligned } from './support/comparison.ts';
import { processUsage } from './support/process-usage.ts';
import { type BenchServer, startServer } from './support/servers.ts';
import { median, quantile } from './support/statistics.ts';

export const AGENTS_USAGE = `npm run bench -- agents [OPTIONS]

Many agents on one collector: the same load by session, by remote write and by scraping, each on an
empty store. CPU and memory are those of the collector's process, bytes those of TCP, HTTP and all.
Under the sessions also how soon a tick can be queried and an agent answers READ; then kill -9 of
the collector, and how long until the agents are back. One table at the end. With the defaults about
18 minutes: each load takes --warm-up and --seconds and some seconds more, the rest is one or two
minutes. In short: --seconds 15 --warm-up 5 --latency 10.

  --agents N     (default 1000)     --series N    of each, a sample a second (default 100)
  --seconds N    measured (300)     --warm-up N   seconds before that (default 15)
  --latency N    seconds of watching ticks (default 30)
  --loads A,B    some of session,remote-write,scrape`;

const OPTIONS = {
  agents: { type: 'string', default: '1000' },
  series: { type: 'string', default: '100' },
  seconds: { type: 'string', default: '300' },
  'warm-up': { type: 'string', default: '15' },
  latency: { type: 'string', default: '30' },
  loads: { type: 'string', default: 'session,remote-write,scrape' },
} as const;

const POLL_MS = 100;
const STORM_TIMEOUT_MS = 120_000;
const BACK_SHARE = 0.99;
const BACK_SECONDS_MAX = 15;
/** Above this part of a core, percent, the load may be what cannot keep up. */
const LOAD_SHARE_MAX = 80;
const LOAD_IS_BUSY = ': what is not stored may not have been offered in time';

interface BenchLoad extends AgentLoad {
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** A collector under load, and the proxy that counts what passes. */
interface Rig {
  readonly server: BenchServer;
  readonly load: RunningLoad;
  /** Bytes to the collector and from it, so far. */
  bytes(): { readonly inBytes: number; readonly outBytes: number };
  stop(): Promise<void>;
}

const RIGS: Readonly<Record<string, (load: BenchLoad) => Promise<Rig>>> = {
  session: (load) => pushRig((url) => startSessions(url, load)),
  'remote-write': (load) => pushRig((url) => Promise.resolve(startRemoteWrite(url, load))),
  scrape: scrapeRig,
};

/** A figure of sessions alone, and the most that it is to be. */
interface Goal {
  readonly title: string;
  readonly unit: string;
  readonly value: number;
  readonly max: number;
}

const HEAD = [
  ...['', 'CPU-s per million', '% of a core', 'stored %', 'RSS MB', 'peak MB'],
  ...['B/sample in', 'B/sample out'],
];

/** `npm run bench -- agents`; exit status 1 where a goal is missed. */
export async function runAgentsBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const load = {
    agents: Number(values.agents),
    series: Number(values.series),
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
  };
  const { agents, series, seconds } = load;
  console.log(`${agents} agents x ${series} series at 1 s, ${seconds} s measured`);
  const rows = [HEAD];
  const goals: Goal[] = [];
  for (const [name, start] of Object.entries(RIGS)) {
    if (!values.loads.split(',').includes(name)) continue;
    console.log(`${name}: starting`);
    const rig = await start(load);
    try {
      rows.push(await measure(name, rig, load));
      if (name !== 'session') continue;
      goals.push(...(await latencies(rig.server, load, Number(values.latency))));
      goals.push(...(await storm(rig.server, load)));
    } finally {
      await rig.stop();
    }
  }
  const goalRows = goals.map(({ title, unit, value, max }) => {
    const digits = Number.isInteger(value) ? 0 : 1;
    const verdict = value <= max ? 'met' : 'MISSED';
    return [`session: ${title}`, unit, value.toFixed(digits), `<= ${max}`, verdict];
  });
  console.log(`\n${aligned(rows)}\n\n${aligned([['', '', '', 'goal', ''], ...goalRows])}`);
  return goals.every(({ value, max }) => value <= max) ? 0 : 1;
}

async function latencies(
  { queryUrl }: BenchServer,
  load: BenchLoad,
  seconds: number,
): Promise<Goal[]> {
  console.log(`session: ticks are watched for ${seconds} s`);
  const { visibleMs, readMs } = await measureLatencies(queryUrl, load, seconds);
  const unit = 'ms';
  return [
    { title: 'generated to queryable, p50', unit, value: median(visibleMs), max: 100 },
    { title: 'generated to queryable, p99', unit, value: quantile(visibleMs, 0.99), max: 1000 },
    { title: 'READ, p50', unit, value: median(readMs), max: 50 },
  ];
}

async function pushRig(start: (url: string) => Promise<RunningLoad>): Promise<Rig> {
  const server = await startServer('tidegauge');
  const targetPort = Number(new URL(server.queryUrl).port);
  const proxy = await ChaosProxy.start({ targetPort, seed: 1 });
  const load = await start(proxy.url);
  return {
    server,
    load,
    bytes: () => {
      const { bytesToTarget, bytesFromTarget } = proxy.counts;
      return { inBytes: bytesToTarget, outBytes: bytesFromTarget };
    },
    async stop() {
      await load.stop();
      await proxy.close();
      await server.stop();
    },
  };
}

async function scrapeRig(options: BenchLoad): Promise<Rig> {
  const load = await Exporters.start(options);
  const proxy = await ChaosProxy.start({ targetPort: load.port, seed: 1 });
  const server = await startServer('tidegauge', { config: scrapeConfig(proxy.port, options) });
  return {
    server,
    load,
    bytes: () => {
      const { bytesToTarget, bytesFromTarget } = proxy.counts;
      return { inBytes: bytesFromTarget, outBytes: bytesToTarget };
    },
    async stop() {
      await server.stop();
      await proxy.close();
      await load.stop();
    },
  };
}

/** What one load came to, as a row of the table. */
async function measure(name: string, rig: Rig, load: BenchLoad): Promise<string[]> {
  const { agents, series, seconds, warmUpSeconds } = load;
  const { server } = rig;
  await waitForSeries(server, agents * series);
  console.log(`${name}: all series are there; ${warmUpSeconds} s, then ${seconds} s measured`);
  await sleep(warmUpSeconds * 1000);
  const [start, cpu, bytes] = [Date.now(), server.usage().cpuSeconds, rig.bytes()];
  const loadBefore = processUsage(rig.load.pid).cpuSeconds;
  await sleep(seconds * 1000);
  const [end, usage, after] = [Date.now(), server.usage(), rig.bytes()];
  const cpuSeconds = usage.cpuSeconds - cpu;
  const loadSeconds = processUsage(rig.load.pid).cpuSeconds - loadBefore;
  // What was on its way at both ends evens out.
  await sleep(2000);
  const samples = await countSamples(server, start, end);
  const offered = agents * series * ((end - start) / 1000);
  const perSample = (count: number): string => (count / samples).toFixed(2);
  const row = [
    name,
    ((cpuSeconds / samples) * 1e6).toFixed(2),
    ((100 * cpuSeconds) / ((end - start) / 1000)).toFixed(0),
    ((100 * samples) / offered).toFixed(2),
    (usage.residentBytes / 1e6).toFixed(0),
    (usage.peakBytes / 1e6).toFixed(0),
    perSample(after.inBytes - bytes.inBytes),
    perSample(after.outBytes - bytes.outBytes),
  ];
  console.log(aligned([HEAD, row]));
  const ofLoad = (100 * loadSeconds) / ((end - start) / 1000);
  console.log(
    `  the load's process: ${((loadSeconds / samples) * 1e6).toFixed(2)} CPU-s per million ` +
      `samples, ${ofLoad.toFixed(0)} % of a core${ofLoad > LOAD_SHARE_MAX ? LOAD_IS_BUSY : ''}`,
  );
  if (name !== 'session') return row;
  const { scheduled, stored, missing, failed, shed, lost } = await ledgerSums(server.queryUrl);
  const share = (count: number): string => `${((100 * count) / scheduled).toFixed(2)} %`;
  console.log(
    `  by the ledgers: ${share(stored)} stored, ${share(failed)} not sampled in time by the agents, ` +
      `${share(shed)} shed by them, ${share(missing)} missing, ${share(lost)} lost`,
  );
  return row;
}

/** Waits until so many series of the load are there. @throws Error after two minutes */
export async function waitForSeries({ queryUrl }: BenchServer, series: number): Promise<void> {
  const deadline = performance.now() + STORM_TIMEOUT_MS;
  while ((await scalar(queryUrl, 'count(tidegauge_synthetic)')) < series) {
    if (performance.now() > deadline) throw new Error(`fewer than ${series} series came`);
    await sleep(500);
  }
}

/** Samples with a time in `[startMs, endMs)`, counted in the store by pieces. */
async function countSamples(
  { queryUrl }: BenchServer,
  startMs: number,
  endMs: number,
): Promise<number> {
  let samples = 0;
  const pieceMs = 10_000;
  for (let from = startMs; from < endMs; from += pieceMs) {
    const to = Math.min(endMs, from + pieceMs);
    const query = `sum(count_over_time(tidegauge_synthetic[${to - from}ms]))`;
    samples += await scalar(queryUrl, query, (to - 1) / 1000);
  }
  return samples;
}

async function scalar(url: string, query: string, seconds?: number): Promise<number> {
  type Vector = { readonly result: readonly { readonly value: readonly [number, string] }[] };
  const params = { query, ...(seconds === undefined ? {} : { time: String(seconds) }) };
  const { result } = await ask<Vector>(url, '/api/v1/query', params);
  return Number(result[0]?.value[1] ?? 0);
}

/** The collector dies under all its sessions and is started again. */
async function storm(server: BenchServer, { agents, series }: BenchLoad): Promise<Goal[]> {
  const before = Date.now();
  await server.restart('SIGKILL');
  const readyMs = performance.now();
  const wanted = Math.ceil(BACK_SHARE * agents);
  let mostDelayMs = 0;
  let backSeconds = Number.NaN;
  while (Number.isNaN(backSeconds)) {
    if (performance.now() - readyMs > STORM_TIMEOUT_MS) break;
    const asked = performance.now();
    const connected = await connectedCount(server.queryUrl);
    mostDelayMs = Math.max(mostDelayMs, performance.now() - asked);
    if (connected >= wanted) backSeconds = (performance.now() - readyMs) / 1000;
    else await sleep(POLL_MS);
  }
  const healed = await waitHealed(server.queryUrl, agents * series);
  const healedSeconds = (performance.now() - readyMs) / 1000;
  const samples = await countSamples(server, before, Date.now() - 3000);
  const offered = agents * series * ((Date.now() - 3000 - before) / 1000);
  console.log(
    [
      `storm: ready after ${server.readyMs.toFixed(0)} ms,`,
      `${(100 * BACK_SHARE).toFixed(0)} % of the agents back ${backSeconds.toFixed(1)} s later`,
      `(goal ${BACK_SECONDS_MAX}), everything of the break there after`,
      `${healedSeconds.toFixed(1)} s (imbalance ${healed.imbalance}, lost ${healed.lost},`,
      `${((100 * samples) / offered).toFixed(2)} % of the samples);`,
      `slowest answer of the API meanwhile ${mostDelayMs.toFixed(0)} ms`,
    ].join(' '),
  );
  return [
    {
      title: '99 % of the agents back after kill -9',
      unit: 's',
      // Not within the time that was waited.
      value: Number.isNaN(backSeconds) ? Infinity : backSeconds,
      max: BACK_SECONDS_MAX,
    },
    { title: 'lost by it', unit: 'samples', value: healed.lost, max: 0 },
    { title: 'imbalance of the ledgers', unit: 'samples', value: healed.imbalance, max: 0 },
  ];
}

async function connectedCount(url: string): Promise<number> {
  type Agents = { readonly agents: readonly { readonly state: string }[] };
  const { agents } = await ask<Agents>(url, '/api/v1/agents');
  return agents.filter(({ state }) => state === 'connected').length;
}

/** Sums over the ledgers once nothing but the newest ticks is missing, or time is over. */
async function waitHealed(
  url: string,
  samplesPerTick: number,
): Promise<{ imbalance: number; lost: number }> {
  const deadline = performance.now() + STORM_TIMEOUT_MS;
  for (;;) {
    const sum = await ledgerSums(url);
    if (sum.missing <= 2 * samplesPerTick || performance.now() > deadline) return sum;
    await sleep(500);
  }
}

/** Sums of the ledgers' terms over all agents. */
export async function ledgerSums(url: string): Promise<Record<LedgerSum, number>> {
  type Sources = { readonly sources: readonly SourceJson[] };
  const { sources } = await ask<Sources>(url, '/api/v1/completeness');
  const sums = { scheduled: 0, stored: 0, missing: 0, shed: 0, lost: 0, failed: 0, imbalance: 0 };
  for (const source of sources) {
    if (source.terms === null) continue;
    for (const name of ['scheduled', 'stored', 'missing', 'shed', 'lost', 'failed'] as const) {
      sums[name] += source.terms[name];
    }
    sums.imbalance += Math.abs(source.imbalance ?? 0);
  }
  return sums;
}

interface SourceJson {
  readonly terms: Readonly<Record<Exclude<LedgerSum, 'imbalance'>, number>> | null;
  readonly imbalance: number | null;
}

type LedgerSum = 'scheduled' | 'stored' | 'missing' | 'shed' | 'lost' | 'failed' | 'imbalance';
