import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacedSender } from './load/paced-sender.ts';
import { get } from './support/http-client.ts';
import type { BenchServer } from './support/servers.ts';
import { quantile } from './support/statistics.ts';

export interface IngestPaceOptions {
  readonly series: number;
  readonly samplesPerSecond: number;
  /** Measured so long without queries, and as long with them. */
  readonly seconds: number;
  /** What is asked of a server, one after the other and over again. */
  readonly urlsOf: (server: BenchServer) => readonly string[];
}

/** How samples went in over some seconds. */
export interface IngestPace {
  readonly samplesPerSecond: number;
  readonly refusedRequests: number;
  /** From sending a request to its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly queries: number;
}

export interface IngestResult {
  readonly server: string;
  readonly without: IngestPace;
  readonly during: IngestPace;
}

/** A server that stores less than this share of what is sent does not keep its pace. */
const PACE_SHARE_MIN = 0.98;

/** Sends samples at a steady rate to each server in turn, first alone, then beside queries. */
export async function measureIngestPaces(
  servers: readonly BenchServer[],
  options: IngestPaceOptions,
): Promise<IngestResult[]> {
  const { samplesPerSecond, seconds } = options;
  console.log(`\n${samplesPerSecond} samples/s by remote write, ${seconds} s without queries,`);
  console.log(`${seconds} s with all of them in turn: samples/s, time to the answer p50 / p99 ms`);
  const results: IngestResult[] = [];
  for (const server of servers) {
    const { without, during } = await measureOne(server, options);
    results.push({ server: server.name, without, during });
    const keeps = during.samplesPerSecond >= without.samplesPerSecond * PACE_SHARE_MIN;
    console.log(
      `${server.name.padEnd(18)}${paceText(without).padStart(28)}  with ${String(during.queries)} ` +
        `queries${paceText(during).padStart(28)}  ${keeps ? 'keeps its pace' : 'FALLS BEHIND'}`,
    );
  }
  return results;
}

function paceText({ samplesPerSecond, p50Ms, p99Ms, refusedRequests }: IngestPace): string {
  const refused = refusedRequests === 0 ? '' : `, ${refusedRequests} refused`;
  return `${samplesPerSecond.toFixed(0)}  ${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}${refused}`;
}

async function measureOne(
  server: BenchServer,
  { series, samplesPerSecond, seconds, urlsOf }: IngestPaceOptions,
): Promise<{ without: IngestPace; during: IngestPace }> {
  const stopping = new AbortController();
  const sender = new PacedSender({
    url: server.writeUrl,
    series,
    samplesPerSecond,
    timeOf: () => Date.now(),
  });
  const asked = { queries: 0 };
  const background = [sender.run(stopping.signal)];
  try {
    // The first seconds are those of the sender's own warming up.
    await Promise.race([sleep(2000), ...background]);
    const without = await paceOver(seconds, sender, asked);
    background.push(askOver(urlsOf(server), asked, stopping.signal));
    const during = await paceOver(seconds, sender, asked);
    return { without, during };
  } finally {
    stopping.abort();
    await Promise.all(background);
  }
}

async function paceOver(
  seconds: number,
  sender: PacedSender,
  asked: { readonly queries: number },
): Promise<IngestPace> {
  sender.takeLatencies();
  const [samples, refused, queries] = [sender.sentSamples, sender.refusedRequests, asked.queries];
  const start = performance.now();
  await sleep(seconds * 1000);
  const elapsedSeconds = (performance.now() - start) / 1000;
  const latenciesMs = sender.takeLatencies();
  return {
    samplesPerSecond: (sender.sentSamples - samples) / elapsedSeconds,
    refusedRequests: sender.refusedRequests - refused,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    queries: asked.queries - queries,
  };
}

async function askOver(
  urls: readonly string[],
  asked: { queries: number },
  signal: AbortSignal,
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  for (let next = 0; !signal.aborted; next++) {
    await get(urls[next % urls.length] ?? '', agent);
    asked.queries++;
  }
  agent.destroy();
}
