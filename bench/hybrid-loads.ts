import { setMaxListeners } from 'node:events';
import { Agent, createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { syntheticValue } from '../src/agent/index.ts';
import { packageRoot } from '../src/util/package-root.ts';
import { startProcess } from '../test/support/processes.ts';
import { WriteRequests } from './load/write-requests.ts';
import { sendWrite } from './support/http-client.ts';

/** The same series at the same rhythm, by whichever way. */
export interface AgentLoad {
  readonly agents: number;
  readonly series: number;
}

export interface RunningLoad {
  readonly pid: number;
  stop(): Promise<void>;
}

const METRIC = 'tidegauge_synthetic';
const INTERVAL_MS = 1000;
const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));

/** Agents with sessions, many in one process. */
export async function startSessions(
  url: string,
  { agents, series }: AgentLoad,
  first = 0,
): Promise<RunningLoad> {
  const running = await startProcess({
    command: process.execPath,
    args: [
      ...[BINARY, 'agent', '--collector', url, '--memory-only', '--interval', '1s'],
      ...['--transport', 'websocket', '--log-level', 'error'],
      ...['--synthetic-agents', String(agents), '--synthetic-series', String(series)],
      ...['--synthetic-first', String(first)],
    ],
  });
  return {
    pid: running.pid,
    stop: async () => {
      await running.stop(20_000);
    },
  };
}

/** One remote write request of each agent every second, each on a connection of its own. */
export function startRemoteWrite(url: string, { agents, series }: AgentLoad): RunningLoad {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const loops = Array.from({ length: agents }, async (_, agent) => {
    const connection = new Agent({ keepAlive: true, maxSockets: 1 });
    const values = new Float64Array(series);
    const shapes = Array.from({ length: series }, (_unused, index) => ({
      labelPairs: labelPairs(agent, index),
    }));
    // Only labels and values are read.
    const load = { series: shapes as unknown as WriteRequestsLoad['series'], values };
    const requests = new WriteRequests(load, series);
    for (let tick = tickNow() + 1; !stop.signal.aborted; tick = Math.max(tick + 1, tickNow())) {
      // Agents send at times of their own, as sessions do.
      const atMs = tick * INTERVAL_MS + (agent / agents) * 50;
      await sleep(Math.max(0, atMs - Date.now()), undefined, { signal: stop.signal }).catch(
        () => undefined,
      );
      for (let index = 0; index < series; index++) {
        values[index] = syntheticValue(agent, index, tick);
      }
      for (const body of requests.bodies(tick * INTERVAL_MS)) {
        if (stop.signal.aborted) break;
        await sendWrite(`${url}/api/v1/write`, body, connection).catch(() => undefined);
      }
    }
    connection.destroy();
  });
  return {
    pid: process.pid,
    async stop() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}

type WriteRequestsLoad = ConstructorParameters<typeof WriteRequests>[0];

/** One server that answers for every agent: a parameter says which is asked for. */
export class Exporters implements RunningLoad {
  readonly pid = process.pid;
  readonly #server: Server;

  private constructor({ series }: AgentLoad) {
    const names = Array.from({ length: series }, (_, index) => `${METRIC}{series="${index}"} `);
    this.#server = createServer((request, response) => {
      const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
      const agent = Number(query.get('agent') ?? 0);
      const tick = tickNow();
      let text = `# HELP ${METRIC} Encodes agent, series and tick.\n# TYPE ${METRIC} gauge\n`;
      for (const [index, name] of names.entries()) {
        text += `${name}${syntheticValue(agent, index, tick)}\n`;
      }
      response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
      response.end(text);
    });
  }

  static async start(load: AgentLoad): Promise<Exporters> {
    const exporters = new Exporters(load);
    await new Promise<void>((resolve, reject) => {
      exporters.#server.once('error', reject);
      exporters.#server.listen(0, '127.0.0.1', resolve);
    });
    return exporters;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Scrapes every agent's target at `port` each second. */
export function scrapeConfig(port: number, { agents }: AgentLoad): string {
  const targets = Array.from({ length: agents }, (_, agent) => `  - targets: ['${agent}']`);
  return [
    'scrape_configs:',
    '- job_name: tidegauge-agent',
    '  scrape_interval: 1s',
    '  scrape_timeout: 1s',
    '  relabel_configs:',
    '  - {source_labels: [__address__], target_label: __param_agent}',
    '  - {source_labels: [__address__], target_label: agent, replacement: "synthetic-$1"}',
    '  - {source_labels: [agent], target_label: instance}',
    `  - {target_label: __address__, replacement: '127.0.0.1:${port}'}`,
    '  static_configs:',
    ...targets,
    '',
  ].join('\n');
}

function labelPairs(agent: number, series: number): string[] {
  const name = `synthetic-${agent}`;
  const own = ['agent', name, 'instance', name];
  return ['__name__', METRIC, ...own, 'series', String(series)];
}

function tickNow(): number {
  return Math.floor(Date.now() / INTERVAL_MS);
}
