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
import { Goals } from './support/goals.ts';
import { ownMetrics } from './support/own-metrics.ts';
import { processUsage } from './support/process-usage.ts';
import { type BenchServer, startServer } from './support/servers.ts';
import { median, quantile } from './support/statistics.ts';

export const AGENTS_USAGE = `npm run bench -- agents [OPTIONS]

Many agents on one collector: the same load by session, by remote write and by scraping, each on an
empty store. CPU and memory are those of the collector's process, bytes those of TCP, HTTP and all.
Under the sessions also how soon a tick can be queried and an agent answers READ. All agents are one
process, which with the defaults needs a quarter of a second of CPU for each tick of them: how long
ticks wait for that is told apart (\`npm run soak -- hybrid\` has agents as processes of their own).
Then kill -9 of the collector, and how long until the agents are back. One table of the loads and one of the goals
at the end. With the defaults about 18 minutes: each load takes --warm-up and --seconds and some
seconds more, the rest is one or two minutes. With --peer-seconds 60 ten minutes: five of the
sessions, one of each of the others. In short: --seconds 15 --warm-up 5 --latency 10.

  --agents N     (default 1000)     --series N    of each, a sample a second (default 100)
  --seconds N    measured (300)     --warm-up N   seconds before that (default 15)
  --peer-seconds N   measured of remote write and scraping (default: --seconds)
  --latency N    seconds of watching ticks (default 30)
  --loads A,B    some of session,remote-write,scrape`;

const OPTIONS = {
  agents: { type: 'string', default: '1000' },
  series: { type: 'string', default: '100' },
  seconds: { type: 'string', default: '300' },
  'peer-seconds': { type: 'string' },
  'warm-up': { type: 'string', default: '15' },
  latency: { type: 'string', default: '30' },
  loads: { type: 'string', default: 'session,remote-write,scrape' },
} as const;

const POLL_MS = 100;
/** Questions for sessions between two for the queue, which costs a look at every ledger. */
const QUEUE_POLLS = 5;
/** As in `overload`: beyond it a collector has more than it can take. */
const QUEUE_MS_MAX = 2000;
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

const HEAD = [
  ...['', 'seconds', 'CPU-s per million', '% of a core', 'stored %', 'RSS MB', 'peak MB'],
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
  const peerLoad = { ...load, seconds: Number(values['peer-seconds'] ?? values.seconds) };
  const { agents, series } = load;
  console.log(`${agents} agents x ${series} series at 1 s`);
  const rows = [HEAD];
  const goals = new Goals();
  for (const [name, start] of Object.entries(RIGS)) {
    if (!values.loads.split(',').includes(name)) continue;
    console.log(`${name}: starting`);
    const rig = await start(load);
    try {
      rows.push(await measure(name, rig, name === 'session' ? load : peerLoad));
      if (name !== 'session') continue;
      await latencies(rig.server, load, Number(values.latency), goals);
      await storm(rig, load, goals);
    } finally {
      await rig.stop();
    }
  }
  console.log(`\n${aligned(rows)}\n\n${goals.table()}`);
  return goals.missed === 0 ? 0 : 1;
}

async function latencies(
  { queryUrl }: BenchServer,
  load: BenchLoad,
  seconds: number,
  goals: Goals,
): Promise<void> {
  console.log(`session: ticks are watched for ${seconds} s`);
  const { visibleMs, readMs, parts } = await measureLatencies(queryUrl, load, seconds);
  const add = (title: string, value: number, max: number): void =>
    goals.add({ title, unit: 'ms', value, max, digits: 0 });
  const p50 = median(visibleMs).toFixed(0);
  console.log(`generated to queryable, p50: ${p50} ms, the turns in the load's process included`);
  add('sent to queryable, on average', parts.readMs + parts.storedMs + parts.askedMs, 100);
  add('generated to queryable, p99', quantile(visibleMs, 0.99), 1000);
  add('READ, p50', median(readMs), 50);
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
    String(seconds),
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
  // Not of five minutes: those of much load are more samples than a query may read.
  const count = 'count(count_over_time(tidegauge_synthetic[15s]))';
  while ((await scalar(queryUrl, count)) < series) {
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
async function storm(
  { server, load }: Rig,
  { agents, series }: BenchLoad,
  goals: Goals,
): Promise<void> {
  const loadBefore = processUsage(load.pid).cpuSeconds;
  const before = await ledgerSums(server.queryUrl);
  await server.restart('SIGKILL');
  const readyMs = performance.now();
  const { backSeconds, mostAnswerMs, mostQueueMs } = await watchReturn(
    server,
    Math.ceil(BACK_SHARE * agents),
  );
  const cpuSeconds = server.usage().cpuSeconds;
  const loadSeconds = processUsage(load.pid).cpuSeconds - loadBefore;
  const counted = await ownMetrics(server.queryUrl);
  const healed = await waitHealed(server.queryUrl, agents * series);
  const healedSeconds = (performance.now() - readyMs) / 1000;
  const share = (term: 'stored' | 'missing' | 'failed' | 'shed'): string => {
    const due = healed.scheduled - before.scheduled;
    return `${((100 * (healed[term] - before[term])) / due).toFixed(2)} %`;
  };
  console.log(
    `storm: ready after ${server.readyMs.toFixed(0)} ms; until 99 % were back the collector used ` +
      `${cpuSeconds.toFixed(1)} CPU-s (its start included), the agents' process ` +
      `${loadSeconds.toFixed(1)}, and ` +
      `${counted.get('tidegauge_session_refusals_total{code="503"}') ?? 0} times agents were told ` +
      `to wait for their turn; everything of the break there after ${healedSeconds.toFixed(1)} s: ` +
      `${share('stored')} of what was due until then, ${share('missing')} on their way, ` +
      `${share('failed')} not sampled in time by the agents, ${share('shed')} shed by them; slowest answer of the API ` +
      `${mostAnswerMs.toFixed(0)} ms`,
  );
  const back = { title: '99 % of the agents back after kill -9', unit: 's', value: backSeconds };
  goals.add({ ...back, max: BACK_SECONDS_MAX, digits: 1 });
  const overloads = counted.get('tidegauge_session_fences_total{reason="OVERLOAD"}') ?? 0;
  const ended = { title: 'sessions ended for overload', unit: 'sessions', value: overloads };
  goals.add({ ...ended, max: 0 });
  const oldest = { title: 'oldest batch not stored, at most', unit: 'ms', value: mostQueueMs };
  goals.add({ ...oldest, max: QUEUE_MS_MAX, digits: 0 });
  goals.add({ title: 'lost by it', unit: 'samples', value: healed.lost, max: 0 });
  const imbalance = { title: 'imbalance of the ledgers', unit: 'samples' };
  goals.add({ ...imbalance, value: healed.imbalance, max: 0 });
}

/** Until so many agents have a session again; NaN where they have not in time. */
async function watchReturn(
  { queryUrl }: BenchServer,
  wanted: number,
): Promise<{ backSeconds: number; mostAnswerMs: number; mostQueueMs: number }> {
  const startMs = performance.now();
  let [mostAnswerMs, mostQueueMs] = [0, 0];
  for (let poll = 0; performance.now() - startMs < STORM_TIMEOUT_MS; poll++) {
    const askedMs = performance.now();
    const connected = await connectedCount(queryUrl);
    mostAnswerMs = Math.max(mostAnswerMs, performance.now() - askedMs);
    const isBack = connected >= wanted;
    const backSeconds = (performance.now() - startMs) / 1000;
    if (isBack || poll % QUEUE_POLLS === 0) {
      const seconds = (await ownMetrics(queryUrl)).get('tidegauge_session_queue_delay_seconds');
      mostQueueMs = Math.max(mostQueueMs, (seconds ?? 0) * 1000);
    }
    if (isBack) return { backSeconds, mostAnswerMs, mostQueueMs };
    await sleep(POLL_MS);
  }
  return { backSeconds: Number.NaN, mostAnswerMs, mostQueueMs };
}

async function connectedCount(url: string): Promise<number> {
  type Agents = { readonly agents: readonly { readonly state: string }[] };
  const { agents } = await ask<Agents>(url, '/api/v1/agents');
  return agents.filter(({ state }) => state === 'connected').length;
}

/** Sums over the ledgers once nothing is missing that was sealed before, or time is over. */
async function waitHealed(url: string, samplesPerTick: number): Promise<Record<LedgerSum, number>> {
  const deadline = performance.now() + STORM_TIMEOUT_MS;
  for (;;) {
    const sum = await ledgerSums(url);
    const isHere = sum.gaps === 0 && sum.missing <= 2 * samplesPerTick;
    if (isHere || performance.now() > deadline) return sum;
    await sleep(500);
  }
}

/** Sums of the ledgers' terms over all agents. */
export async function ledgerSums(url: string): Promise<Record<LedgerSum, number>> {
  type Sources = { readonly sources: readonly SourceJson[] };
  const { sources } = await ask<Sources>(url, '/api/v1/completeness');
  const sums = { ...NO_SUMS };
  for (const source of sources) {
    if (source.terms === null) continue;
    for (const name of ['scheduled', 'stored', 'missing', 'shed', 'lost', 'failed'] as const) {
      sums[name] += source.terms[name];
    }
    sums.imbalance += Math.abs(source.imbalance ?? 0);
    sums.gaps += source.frames?.missing ?? 0;
  }
  return sums;
}

interface SourceJson {
  readonly terms: Readonly<Record<Exclude<LedgerSum, 'imbalance' | 'gaps'>, number>> | null;
  readonly imbalance: number | null;
  readonly frames: { readonly missing: number } | null;
}

/** Terms in samples; `gaps` in sealed frames that are missing. */
type LedgerSum = keyof typeof NO_SUMS;

const NO_SUMS = {
  ...{ scheduled: 0, stored: 0, missing: 0, shed: 0, lost: 0, failed: 0 },
  ...{ imbalance: 0, gaps: 0 },
};
