import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Load } from './load/load.ts';
import { WriteRequests } from './load/write-requests.ts';
import { differenceOf, queryPath, readAnswer, seriesIn } from './query-answer.ts';
import type { DataTimes } from './query-answer.ts';
import { type IngestResult, measureIngestPaces } from './query-ingest.ts';
import { type BenchQuery, QUERIES, shareOfBetterPeer } from './query-list.ts';
import { get, postWrite } from './support/http-client.ts';
import { threadsCpuMs } from './support/process-usage.ts';
import { type BenchServer, serverNames, startServer } from './support/servers.ts';
import { quantile } from './support/statistics.ts';

export const QUERY_USAGE = `npm run bench -- query [--full] [--series N] [--minutes N] [--runs N] [--only WORD]

  query          queries on the same remote-written data in each server: p50 and p99 in
                 milliseconds, CPU milliseconds of the server without what it takes idle; answers
                 are compared. Met: p50 and CPU below both peers, at most half of the better one on
                 rates over ranges, histograms and the count of everything. Then the pace of a
                 steady remote write without and with queries

  --full         100000 series, 60 minutes, 100 runs
  --series N     series (default 20000)
  --minutes N    of data, a sample each 15 s (default 30)
  --runs N       times each query is asked of each server, in turn (default 20)
  --warm-up N    milliseconds that each query is asked of each server before (default 3000)
  --ingest N     samples a second beside queries (default 20000; 0: not measured)
  --seconds N    of steady remote write, without and with queries (default 10)
  --servers A,B  some of tidegauge,prometheus,victoria-metrics (default: all)
  --only WORD    queries whose title has it
  --json FILE    writes all figures there too`;

const OPTIONS = {
  full: { type: 'boolean', default: false },
  series: { type: 'string' },
  minutes: { type: 'string' },
  runs: { type: 'string' },
  'warm-up': { type: 'string', default: '3000' },
  ingest: { type: 'string', default: '20000' },
  seconds: { type: 'string', default: '10' },
  servers: { type: 'string', default: 'tidegauge,prometheus,victoria-metrics' },
  only: { type: 'string', default: '' },
  json: { type: 'string' },
} as const;

const SMALL_SIZE = { series: 20_000, minutes: 30, runs: 20 };
const FULL_SIZE = { series: 100_000, minutes: 60, runs: 100 };
const TICK_MS = 15_000;
const SAMPLES_PER_REQUEST = 5_000;
/**
 * Times that each query is asked before it is measured, at least and at most: a server that has
 * run for days has compiled its code and filled its caches.
 */
const WARM_UP_MIN = 5;
const WARM_UP_MAX = 10_000;
/**
 * A server is asked so long before it is the next one's turn: its CPU goes on after an answer, and
 * what waits for a turn would be left out otherwise.
 */
const TURN_MS = 30;
const TURN_RUNS_MAX = 20;
/** Until a server's threads have ended what they do after an answer. */
const SETTLE_MS = 5;
/** So long nobody asks anything, to see what a server takes by itself. */
const IDLE_MS = 3_000;

/** Loads the servers, asks them the queries in turn, and prints a table; the exit status. */
export async function runQueryBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const names = serverNames(values.servers);
  const size = values.full ? FULL_SIZE : SMALL_SIZE;
  const series = Number(values.series ?? size.series);
  const ticks = Number(values.minutes ?? size.minutes) * 4;
  const runs = Number(values.runs ?? size.runs);
  console.log(`queries on ${series} series x ${ticks} samples, ${runs} runs each`);
  const servers: BenchServer[] = [];
  try {
    for (const name of names) servers.push(await startServer(name));
    const times = await load(servers, series, ticks);
    const queries = QUERIES.filter(({ title }) => title.includes(values.only));
    const warmUpMs = Number(values['warm-up']);
    const results = await compare(servers, queries, { times, runs, warmUpMs });
    const ingest = await ingestBeside(servers, queries, {
      times,
      series,
      samplesPerSecond: Number(values.ingest),
      seconds: Number(values.seconds),
    });
    if (values.json !== undefined) {
      const settings = { series, ticks, runs, warmUpMs, node: process.version };
      const text = JSON.stringify({ settings, queries: results, ingest }, undefined, 2);
      writeFileSync(values.json, `${text}\n`);
    }
    return results.every(({ faults }) => faults.length === 0) ? 0 : 1;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Writes the same bodies to all servers, ending now; resolves when all show the last samples. */
async function load(
  servers: readonly BenchServer[],
  series: number,
  ticks: number,
): Promise<DataTimes> {
  const generated = new Load(series);
  const requests = new WriteRequests(generated, SAMPLES_PER_REQUEST);
  const agent = new Agent({ keepAlive: true });
  const lastMs = Math.floor(Date.now() / 1000) * 1000 - TICK_MS;
  const firstMs = lastMs - (ticks - 1) * TICK_MS;
  const start = performance.now();
  for (let tick = 0; tick < ticks; tick++) {
    if (tick > 0) generated.tick();
    for (const body of requests.bodies(firstMs + tick * TICK_MS)) {
      await Promise.all(servers.map(({ writeUrl }) => postWrite(writeUrl, body, agent)));
    }
  }
  for (const { name, queryUrl } of servers) {
    if (name === 'victoria-metrics') await get(`${queryUrl}/internal/force_flush`, agent);
  }
  agent.destroy();
  console.log(`loaded in ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  return { firstMs, lastMs };
}

/** None at a rate of 0. */
async function ingestBeside(
  servers: readonly BenchServer[],
  queries: readonly BenchQuery[],
  given: {
    readonly times: DataTimes;
    readonly series: number;
    readonly samplesPerSecond: number;
    readonly seconds: number;
  },
): Promise<IngestResult[]> {
  if (!(given.samplesPerSecond > 0)) return [];
  const urlsOf = (server: BenchServer): string[] =>
    queries.map((query) => urlOf(server, query, given.times));
  return measureIngestPaces(servers, { ...given, urlsOf });
}

function urlOf(server: BenchServer, query: BenchQuery, times: DataTimes): string {
  const extra: Record<string, string> = server.name === 'victoria-metrics' ? { nocache: '1' } : {};
  return server.queryUrl + queryPath(query, times, extra);
}

interface Figures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the server, per query. */
  readonly cpuMs: number;
}

const NO_FIGURES: Figures = { p50Ms: Number.NaN, p99Ms: Number.NaN, cpuMs: Number.NaN };

interface QueryResult {
  readonly title: string;
  readonly figures: Readonly<Record<string, Figures>>;
  /** Undefined where Tidegauge or every peer is missing. */
  readonly verdict: Verdict | undefined;
  readonly faults: readonly string[];
}

interface Verdict {
  /** What Tidegauge took, of what the better peer took. */
  readonly p50Share: number;
  readonly cpuShare: number;
  readonly shareMax: number;
  readonly met: boolean;
}

interface Measuring {
  readonly times: DataTimes;
  readonly runs: number;
  readonly warmUpMs: number;
}

async function compare(
  servers: readonly BenchServer[],
  queries: readonly BenchQuery[],
  measuring: Measuring,
): Promise<QueryResult[]> {
  const idle = await idleShares(servers);
  const heads = servers.map(({ name }) => `${name} p50 / p99 (CPU)`.padStart(36));
  const own = 'own/better peer: p50, CPU';
  console.log(`${''.padEnd(36)}${'series'.padStart(7)}${heads.join('')}   ${own}`);
  const results: QueryResult[] = [];
  for (const query of queries) {
    const { answers, figures } = await measure(servers, query, idle, measuring);
    const faults = answerFaults(servers, answers);
    const cells = figures.map(({ p50Ms, p99Ms, cpuMs }) =>
      `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)} (${cpuMs.toFixed(2)})`.padStart(36),
    );
    const size = String(seriesIn(answers[0] ?? new Map())).padStart(7);
    const isCompared = servers[0]?.name === 'tidegauge' && servers.length > 1;
    const verdict = isCompared ? verdictOf(query, figures) : undefined;
    console.log(`${query.title.padEnd(36)}${size}${cells.join('')}   ${verdictText(verdict)}`);
    for (const fault of faults) console.log(`  DIFFERS: ${fault}`);
    const named = Object.fromEntries(
      servers.map(({ name }, index) => [name, figures[index] ?? NO_FIGURES]),
    );
    results.push({ title: query.title, figures: named, verdict, faults });
  }
  const judged = results.flatMap(({ verdict }) => verdict ?? []);
  const met = judged.filter((verdict) => verdict.met).length;
  if (judged.length > 0) console.log(`\n${met} of ${judged.length} targets met`);
  return results;
}

function verdictOf(query: BenchQuery, [own, ...peers]: readonly Figures[]): Verdict | undefined {
  if (own === undefined) return undefined;
  const p50Share = own.p50Ms / Math.min(...peers.map(({ p50Ms }) => p50Ms));
  const cpuShare = own.cpuMs / Math.min(...peers.map(({ cpuMs }) => cpuMs));
  const shareMax = shareOfBetterPeer(query);
  return { p50Share, cpuShare, shareMax, met: p50Share <= shareMax && cpuShare <= shareMax };
}

function verdictText(verdict: Verdict | undefined): string {
  if (verdict === undefined) return '';
  const { p50Share, cpuShare, shareMax, met } = verdict;
  const shares = `${p50Share.toFixed(2)}, ${cpuShare.toFixed(2)}`;
  return `${shares} (<= ${shareMax}) ${met ? 'met' : 'MISSED'}`;
}

/** VictoriaMetrics extrapolates otherwise: of it only the number of series is compared. */
function answerFaults(
  servers: readonly BenchServer[],
  [own, ...others]: readonly ReadonlyMap<string, number>[],
): string[] {
  return others.flatMap((answer, index) => {
    if (own === undefined) return [];
    const name = servers[index + 1]?.name ?? '';
    const [mine, its] = [seriesIn(own), seriesIn(answer)];
    if (mine !== its) return [`${mine} series, ${name} has ${its}`];
    const difference = name === 'prometheus' ? differenceOf(own, answer) : '';
    return difference === '' ? [] : [`from ${name}: ${difference}`];
  });
}

/** CPU milliseconds a millisecond of each server that nobody asks anything. */
async function idleShares(servers: readonly BenchServer[]): Promise<number[]> {
  const before = servers.map(({ pid }) => threadsCpuMs(pid));
  await sleep(IDLE_MS);
  const shares = servers.map(
    ({ pid }, index) => (threadsCpuMs(pid) - (before[index] ?? 0)) / IDLE_MS,
  );
  const texts = servers.map(
    ({ name }, index) => `${name} ${((shares[index] ?? 0) * 100).toFixed(2)} %`,
  );
  console.log(`CPU of idle servers, left out below: ${texts.join(', ')}\n`);
  return shares;
}

interface Asked {
  readonly pid: number;
  readonly url: string;
  readonly idleShare: number;
  /** Runs of a turn. */
  turnRuns: number;
  readonly elapsedMs: number[];
  cpuMs: number;
}

/** Asks each server in turn, so that what else the machine does meets all of them. */
async function measure(
  servers: readonly BenchServer[],
  query: BenchQuery,
  idle: readonly number[],
  { times, runs, warmUpMs }: Measuring,
): Promise<{ answers: ReadonlyMap<string, number>[]; figures: Figures[] }> {
  const agent = new Agent({ keepAlive: true });
  const asked = servers.map(
    (server, index): Asked => ({
      pid: server.pid,
      url: urlOf(server, query, times),
      idleShare: idle[index] ?? 0,
      turnRuns: 1,
      elapsedMs: [],
      cpuMs: 0,
    }),
  );
  const answers: ReadonlyMap<string, number>[] = [];
  for (const { url } of asked) answers.push(readAnswer((await get(url, agent)).body));
  for (const one of asked) await warmUp(one, warmUpMs, agent);
  while (asked.some(({ elapsedMs }) => elapsedMs.length < runs)) {
    for (const one of asked) await takeTurn(one, runs, agent);
  }
  agent.destroy();
  const figures = asked.map(({ elapsedMs, cpuMs }) => {
    const [p50Ms, p99Ms] = [quantile(elapsedMs, 0.5), quantile(elapsedMs, 0.99)];
    return { p50Ms, p99Ms, cpuMs: cpuMs / runs };
  });
  return { answers, figures };
}

async function warmUp(one: Asked, warmUpMs: number, agent: Agent): Promise<void> {
  const start = performance.now();
  let count = 0;
  const isWarm = (): boolean =>
    count >= WARM_UP_MIN && (count >= WARM_UP_MAX || performance.now() - start >= warmUpMs);
  for (; !isWarm(); count++) await get(one.url, agent);
  const meanMs = (performance.now() - start) / count;
  one.turnRuns = Math.min(TURN_RUNS_MAX, Math.max(1, Math.round(TURN_MS / meanMs)));
}

async function takeTurn(one: Asked, runs: number, agent: Agent): Promise<void> {
  const count = Math.min(one.turnRuns, runs - one.elapsedMs.length);
  if (count === 0) return;
  const start = performance.now();
  const cpuMs = threadsCpuMs(one.pid);
  for (let run = 0; run < count; run++) one.elapsedMs.push((await get(one.url, agent)).elapsedMs);
  await sleep(SETTLE_MS);
  const idleMs = one.idleShare * (performance.now() - start);
  one.cpuMs += Math.max(0, threadsCpuMs(one.pid) - cpuMs - idleMs);
}
