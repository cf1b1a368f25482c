import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { PacedSender } from './load/paced-sender.ts';
import { get } from './support/http-client.ts';
import { type LoopDelay, loopDelayOf, ownMetrics } from './support/own-metrics.ts';
import { type BenchServer, startServer } from './support/servers.ts';
import { quantile } from './support/statistics.ts';
import { FolderWatch } from '../test/support/crash-folder-watch.ts';

export const LOOP_USAGE = `npm run bench -- loop [--series N] [--rate N] [--seconds N]

  loop           delay of the collector's event loop, as it exports it, while samples arrive,
                 blocks are cut and merged, and four heavy queries run

  --series N     series (default 100000)            --rate N  samples a second (default 200000)
  --seconds N    how long is measured (default 60)`;

const OPTIONS = {
  series: { type: 'string', default: '100000' },
  rate: { type: 'string', default: '200000' },
  seconds: { type: 'string', default: '60' },
} as const;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TARGET_P99_MS = 20;
/** Samples are so old at first; their time then runs fast, so that blocks are cut and merged. */
const START_AGE_MS = 10 * DAY_MS;
const SECONDS_PER_BLOCK = 5;
/** Blocks that are there before anything is measured: from then on each third one is merged. */
const BLOCKS_BEFORE = 2;
const BLOCKS_TIMEOUT_MS = 120_000;
const BLOCK_RANGE_MS = 2 * HOUR_MS;
const RATE_SHARE_MIN = 0.95;

const CONFIG = 'scrape_configs: []\ntidegauge: {storage: {maintenance_interval: 1s}}\n';

export interface LoopBenchOptions {
  readonly series: number;
  readonly samplesPerSecond: number;
  readonly seconds: number;
  /** How often a block is cut; default 5. */
  readonly secondsPerBlock?: number;
}

export interface LoopFigures {
  readonly delay: LoopDelay;
  readonly samplesPerSecond: number;
  readonly refusedRequests: number;
  /** Blocks that came, cut or merged, and blocks that were merged away. */
  readonly blocksMade: number;
  readonly blocksGone: number;
  readonly queryMs: readonly number[];
  readonly cpuShare: number;
}

/** `npm run bench -- loop`; the exit status. */
export async function runLoopBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const options = {
    series: Number(values.series),
    samplesPerSecond: Number(values.rate),
    seconds: Number(values.seconds),
  };
  const { series, samplesPerSecond, seconds } = options;
  console.log(`${samplesPerSecond} samples/s of ${series} series, four queries, ${seconds} s`);
  const figures = await measureLoop(options);
  const { delay, queryMs } = figures;
  const met = delay.p99Ms <= TARGET_P99_MS;
  const [p50, p99, max] = [delay.p50Ms, delay.p99Ms, delay.maxMs].map((ms) => ms.toFixed(1));
  const [queryP50, queryP99] = [0.5, 0.99].map((share) => quantile(queryMs, share).toFixed(0));
  console.log(
    `event loop delay: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms; ` +
      `target p99 <= ${TARGET_P99_MS} ms: ${met ? 'met' : 'MISSED'}`,
  );
  console.log(
    `samples: ${figures.samplesPerSecond.toFixed(0)}/s, ${figures.refusedRequests} requests refused`,
  );
  console.log(`queries: ${queryMs.length} answered, p50 ${queryP50} ms, p99 ${queryP99} ms`);
  console.log(`blocks: ${figures.blocksMade} made, ${figures.blocksGone} merged away or dropped`);
  console.log(`CPU: ${(figures.cpuShare * 100).toFixed(0)} % of one core`);
  const isLoaded = figures.samplesPerSecond >= samplesPerSecond * RATE_SHARE_MIN;
  if (!isLoaded) console.log('TOO FEW samples were taken: the figure is that of a smaller load');
  const isCompacted = figures.blocksMade > 0 && figures.blocksGone > 0;
  if (!isCompacted) console.log('NO MERGE of blocks was seen: measure longer');
  return met && isLoaded && isCompacted ? 0 : 1;
}

/** Runs the load and reads what the collector says of its event loop over the time measured. */
export async function measureLoop(options: LoopBenchOptions): Promise<LoopFigures> {
  const server = await startServer('tidegauge', { config: CONFIG });
  const stopping = new AbortController();
  const { signal } = stopping;
  const startMs = Math.floor((Date.now() - START_AGE_MS) / BLOCK_RANGE_MS) * BLOCK_RANGE_MS;
  const passMs = passStep(options);
  const sender = new PacedSender({
    url: server.writeUrl,
    series: options.series,
    samplesPerSecond: options.samplesPerSecond,
    timeOf: (pass) => startMs + pass * passMs,
  });
  const background = [sender.run(signal, 1)];
  try {
    while (sender.passes < 2) await Promise.race([sleep(50), ...background]);
    const queryMs: number[] = [];
    const lastTime = (): number => startMs + Math.max(0, sender.passes - 1) * passMs;
    for (const path of heavyQueries(passMs)) {
      background.push(queryAgain(server.queryUrl, () => path(lastTime()), queryMs, signal));
    }
    const failed = Promise.all(background).then(() => {
      throw new Error('the load has ended');
    });
    // Only one of the two is waited for in the end.
    failed.catch(() => {});
    return await Promise.race([failed, observe(server, sender, queryMs, options.seconds)]);
  } finally {
    stopping.abort();
    await Promise.allSettled(background);
    await server.stop();
  }
}

async function observe(
  server: BenchServer,
  sender: PacedSender,
  queryMs: readonly number[],
  seconds: number,
): Promise<LoopFigures> {
  const watch = new FolderWatch(join(server.dataDir, 'blocks'));
  try {
    const deadline = performance.now() + BLOCKS_TIMEOUT_MS;
    while (watch.appeared < BLOCKS_BEFORE && performance.now() < deadline) await sleep(100);
    const [made, gone] = [watch.appeared, watch.gone];
    // Each reading tells of the time since the one before.
    await ownMetrics(server.queryUrl);
    const [samples, start, cpu, queries, refused] = [
      sender.sentSamples,
      performance.now(),
      server.usage().cpuSeconds,
      queryMs.length,
      sender.refusedRequests,
    ];
    await sleep(seconds * 1000);
    const delay = loopDelayOf(await ownMetrics(server.queryUrl));
    const elapsedSeconds = (performance.now() - start) / 1000;
    return {
      delay,
      samplesPerSecond: (sender.sentSamples - samples) / elapsedSeconds,
      refusedRequests: sender.refusedRequests - refused,
      blocksMade: watch.appeared - made,
      blocksGone: watch.gone - gone,
      queryMs: queryMs.slice(queries),
      cpuShare: (server.usage().cpuSeconds - cpu) / elapsedSeconds,
    };
  } finally {
    watch.stop();
  }
}

/** Time of data between two passes, in whole seconds: a block's worth in a few seconds. */
function passStep(options: LoopBenchOptions): number {
  const { series, samplesPerSecond, secondsPerBlock = SECONDS_PER_BLOCK } = options;
  const passes = (secondsPerBlock * samplesPerSecond) / series;
  return Math.max(1, Math.floor(BLOCK_RANGE_MS / passes / 1000)) * 1000;
}

/** Paths of the queries for data that ends at a time; windows hold ten samples of each series. */
function heavyQueries(passMs: number): ((endMs: number) => string)[] {
  const window = `${(passMs * 10) / 1000}s`;
  const rate = (selector: string): string => `rate(${selector}[${window}])`;
  const buckets = rate('http_request_duration_seconds_bucket');
  const instant = (query: string) => (endMs: number) =>
    path('query', { query, time: String(endMs / 1000) });
  return [
    instant(`sum by (mode) (${rate('node_cpu_seconds_total')})`),
    instant(`histogram_quantile(0.9, sum by (le, handler) (${buckets}))`),
    instant(`count(last_over_time({__name__=~".+"}[${window}]))`),
    (endMs) =>
      path('query_range', {
        query: `sum by (node) (${rate('container_cpu_usage_seconds_total')})`,
        start: String((endMs - 60 * passMs) / 1000),
        end: String(endMs / 1000),
        step: String(passMs / 1000),
      }),
  ];
}

function path(name: string, params: Readonly<Record<string, string>>): string {
  return `/api/v1/${name}?${new URLSearchParams(params).toString()}`;
}

async function queryAgain(
  url: string,
  nextPath: () => string,
  elapsedMs: number[],
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  while (!signal.aborted) elapsedMs.push((await get(url + nextPath(), agent)).elapsedMs);
  agent.destroy();
}
