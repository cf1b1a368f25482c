import { request as httpRequest, Agent } from 'node:http';
import { Load } from './load/load.ts';
import { WriteRequests } from './load/write-requests.ts';
import { median } from './support/process-usage.ts';
import type { BenchServer, ServerName } from './support/servers.ts';
import { startServer } from './support/servers.ts';

export interface RemoteWriteOptions {
  readonly series: number;
  readonly ticks: number;
  readonly runs: number;
  readonly samplesPerRequest: number;
  readonly servers: readonly ServerName[];
}

interface Figures {
  readonly cpuSecondsPerMillion: number;
  readonly peakBytesPerSeries: number;
  readonly wallSeconds: number;
}

/**
 * Remote write over HTTP into each server in turn, each run on an empty store, the servers
 * interleaved run by run. Figures are of the server process only.
 */
export async function remoteWriteBench(
  options: RemoteWriteOptions,
  progress: (line: string) => void,
): Promise<Map<ServerName, Figures>> {
  const runs = new Map<ServerName, Figures[]>(options.servers.map((name) => [name, []]));
  for (let run = 1; run <= options.runs; run++) {
    for (const name of options.servers) {
      const figures = await measure(name, options);
      runs.get(name)?.push(figures);
      progress(`run ${run}/${options.runs} ${name}: ${format(figures)}`);
    }
  }
  return new Map([...runs].map(([name, figures]) => [name, medians(figures)]));
}

async function measure(name: ServerName, options: RemoteWriteOptions): Promise<Figures> {
  const server = await startServer(name);
  try {
    const before = server.usage().cpuSeconds;
    const start = performance.now();
    await write(server, options);
    const wallSeconds = (performance.now() - start) / 1000;
    const after = server.usage();
    const samples = options.series * options.ticks;
    return {
      cpuSecondsPerMillion: ((after.cpuSeconds - before) / samples) * 1e6,
      peakBytesPerSeries: after.peakBytes / options.series,
      wallSeconds,
    };
  } finally {
    await server.stop();
  }
}

/** Sends every tick of the load, two requests at a time as a sender with two shards would. */
async function write(server: BenchServer, options: RemoteWriteOptions): Promise<void> {
  const load = new Load(options.series);
  const requests = new WriteRequests(load, options.samplesPerRequest);
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const firstMs = Math.floor(Date.now() / 1000) * 1000 - options.ticks * 15_000;
  for (let tick = 0; tick < options.ticks; tick++) {
    if (tick > 0) load.tick();
    const waiting = new Set<Promise<void>>();
    for (const body of requests.bodies(firstMs + tick * 15_000)) {
      const sent = post(server.writeUrl, body, agent).finally(() => waiting.delete(sent));
      waiting.add(sent);
      if (waiting.size >= 2) await Promise.race(waiting);
    }
    await Promise.all(waiting);
  }
  agent.destroy();
}

const HEADERS = {
  'Content-Type': 'application/x-protobuf',
  'Content-Encoding': 'snappy',
  'X-Prometheus-Remote-Write-Version': '0.1.0',
};

function post(url: string, body: Uint8Array, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { ...HEADERS, 'Content-Length': body.length };
    const outgoing = httpRequest(url, { method: 'POST', headers, agent }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status < 300) resolve();
        else reject(new Error(`${url} answered ${status}: ${text.slice(0, 200)}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function medians(figures: readonly Figures[]): Figures {
  return {
    cpuSecondsPerMillion: median(figures.map((one) => one.cpuSecondsPerMillion)),
    peakBytesPerSeries: median(figures.map((one) => one.peakBytesPerSeries)),
    wallSeconds: median(figures.map((one) => one.wallSeconds)),
  };
}

function format(figures: Figures): string {
  const { cpuSecondsPerMillion, peakBytesPerSeries, wallSeconds } = figures;
  return (
    `${cpuSecondsPerMillion.toFixed(2)} CPU-s per million samples, ` +
    `peak ${(peakBytesPerSeries / 1000).toFixed(2)} kB per series, ${wallSeconds.toFixed(1)} s`
  );
}
