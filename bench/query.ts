import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { Load } from './load/load.ts';
import { WriteRequests } from './load/write-requests.ts';
import { differenceOf, queryPath, readAnswer, seriesIn } from './query-answer.ts';
import type { DataTimes } from './query-answer.ts';
import { type BenchQuery, QUERIES } from './query-list.ts';
import { get, postWrite } from './support/http-client.ts';
import { threadsCpuMs } from './support/process-usage.ts';
import { type BenchServer, serverNames, startServer } from './support/servers.ts';
import { quantile } from './support/statistics.ts';

export const QUERY_USAGE = `npm run bench -- query [--series N] [--minutes N] [--runs N] [--servers LIST] [--only WORD]

  query          queries on the same remote-written data in each server: p50 and p99 in
                 milliseconds, CPU milliseconds of the server; answers are compared

  --series N     series (default 20000; the full size is 100000)
  --minutes N    of data, a sample each 15 s (default 30; the full size is 60)
  --runs N       times each query is asked of each server, in turn (default 20)
  --servers A,B  some of tidegauge,prometheus,victoria-metrics (default: all)
  --only WORD    queries whose title has it`;

const OPTIONS = {
  series: { type: 'string', default: '20000' },
  minutes: { type: 'string', default: '30' },
  runs: { type: 'string', default: '20' },
  servers: { type: 'string', default: 'tidegauge,prometheus,victoria-metrics' },
  only: { type: 'string', default: '' },
} as const;

const TICK_MS = 15_000;
const SAMPLES_PER_REQUEST = 5_000;
/** Times each query is asked before it is measured. */
const WARM_UP = 5;

/** Loads the servers, asks them the queries in turn, and prints a table; the exit status. */
export async function runQueryBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const names = serverNames(values.servers);
  const series = Number(values.series);
  const ticks = Number(values.minutes) * 4;
  console.log(`queries on ${series} series x ${ticks} samples, ${values.runs} runs each`);
  const servers: BenchServer[] = [];
  try {
    for (const name of names) servers.push(await startServer(name));
    const times = await load(servers, series, ticks);
    const queries = QUERIES.filter(({ title }) => title.includes(values.only));
    return await compare(servers, queries, { times, runs: Number(values.runs) });
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

interface Figures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the server, per query. */
  readonly cpuMs: number;
}

async function compare(
  servers: readonly BenchServer[],
  queries: readonly BenchQuery[],
  { times, runs }: { readonly times: DataTimes; readonly runs: number },
): Promise<number> {
  const heads = servers.map(({ name }) => `${name} p50 / p99 (CPU)`.padStart(36));
  console.log(`${''.padEnd(36)}${'series'.padStart(7)}${heads.join('')}   peers/own p50, CPU`);
  let faults = 0;
  for (const query of queries) {
    const { answers, figures } = await measure(servers, query, { times, runs });
    const found = answerFaults(servers, answers);
    faults += found.length;
    const cells = figures.map(({ p50Ms, p99Ms, cpuMs }) =>
      `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)} (${cpuMs.toFixed(2)})`.padStart(36),
    );
    const size = String(seriesIn(answers[0] ?? new Map())).padStart(7);
    console.log(`${query.title.padEnd(36)}${size}${cells.join('')}   ${ratios(figures)}`);
    for (const fault of found) console.log(`  DIFFERS: ${fault}`);
  }
  console.log('\nabove 1, Tidegauge is the faster and cheaper one');
  return faults === 0 ? 0 : 1;
}

function ratios([own, ...peers]: readonly Figures[]): string {
  if (own === undefined) return '';
  return peers
    .map(({ p50Ms, cpuMs }) => {
      return `${(p50Ms / own.p50Ms).toFixed(2)}, ${(cpuMs / own.cpuMs).toFixed(2)}`;
    })
    .join('  ');
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

/** Asks each server in turn, so that what else the machine does meets all of them. */
async function measure(
  servers: readonly BenchServer[],
  query: BenchQuery,
  { times, runs }: { readonly times: DataTimes; readonly runs: number },
): Promise<{ answers: ReadonlyMap<string, number>[]; figures: Figures[] }> {
  const agent = new Agent({ keepAlive: true });
  const asked = servers.map((server) => {
    const extra: Record<string, string> =
      server.name === 'victoria-metrics' ? { nocache: '1' } : {};
    return {
      pid: server.pid,
      url: server.queryUrl + queryPath(query, times, extra),
      elapsedMs: [] as number[],
      cpuMs: 0,
    };
  });
  const answers: ReadonlyMap<string, number>[] = [];
  for (const { url } of asked) answers.push(readAnswer((await get(url, agent)).body));
  for (let run = -WARM_UP; run < runs; run++) {
    for (const one of asked) {
      if (run < 0) {
        await get(one.url, agent);
        continue;
      }
      const before = threadsCpuMs(one.pid);
      one.elapsedMs.push((await get(one.url, agent)).elapsedMs);
      one.cpuMs += threadsCpuMs(one.pid) - before;
    }
  }
  agent.destroy();
  const figures = asked.map(({ elapsedMs, cpuMs }) => {
    const [p50Ms, p99Ms] = [quantile(elapsedMs, 0.5), quantile(elapsedMs, 0.99)];
    return { p50Ms, p99Ms, cpuMs: cpuMs / runs };
  });
  return { answers, figures };
}
