import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/util/package-root.ts';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { type RunningProcess, startProcess } from '../../test/support/processes.ts';
import { exchange } from './http-client.ts';
import { type ProcessUsage, processUsage } from './process-usage.ts';

type EndSignal = 'SIGKILL' | 'SIGTERM';

export interface BenchServer {
  readonly name: ServerName;
  readonly pid: number;
  readonly writeUrl: string;
  readonly queryUrl: string;
  readonly dataDir: string;
  /** From the start of the process to its first good answer to a readiness probe. */
  readonly readyMs: number;
  usage(): ProcessUsage;
  /** What it has printed, its end at most. */
  output(): string;
  /** Ends it by a signal and resolves when it has ended. */
  kill(signal: EndSignal): Promise<void>;
  /** Starts it again on the same data. */
  launch(): Promise<void>;
  /** Ends it and starts it on the same data; with a configuration, on that. */
  restart(signal: EndSignal, config?: string): Promise<void>;
  /** Ends it and removes what it stored. */
  stop(): Promise<void>;
}

export const SERVER_NAMES = ['tidegauge', 'prometheus', 'victoria-metrics'] as const;

export type ServerName = (typeof SERVER_NAMES)[number];

export interface ServerOptions {
  /** Configuration file; for VictoriaMetrics its scrape configuration. Default: no scrapes. */
  readonly config?: string;
  /** Added to the command line. */
  readonly flags?: readonly string[];
}

interface Launch {
  readonly command: string;
  readonly args: (port: number, folder: string) => readonly string[];
  readonly readyPath: string;
}

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));
const NO_SCRAPES = 'scrape_configs: []\n';
const READY_TIMEOUT_MS = 300_000;
const READY_POLL_MS = 2;
const STOP_TIMEOUT_MS = 120_000;

const LAUNCHES: Readonly<Record<ServerName, Launch>> = {
  tidegauge: {
    command: process.execPath,
    args: (port, folder) => [
      ...[BINARY, 'serve', '--listen', `127.0.0.1:${port}`],
      ...['--data', join(folder, 'data'), '--config', join(folder, 'config.yml')],
    ],
    readyPath: '/-/ready',
  },
  prometheus: {
    command: 'prometheus',
    args: (port, folder) => [
      `--config.file=${join(folder, 'config.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ],
    readyPath: '/-/ready',
  },
  'victoria-metrics': {
    command: 'victoria-metrics',
    args: (port, folder) => [
      `-storageDataPath=${join(folder, 'data')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      `-promscrape.config=${join(folder, 'config.yml')}`,
      '-retentionPeriod=1',
    ],
    readyPath: '/health',
  },
};

/** Names of servers in a list such as `tidegauge,prometheus`. @throws Error at an unknown one */
export function serverNames(list: string): ServerName[] {
  const wanted = list.split(',');
  const unknown = wanted.find((name) => !SERVER_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw new Error(`no server ${unknown}; want some of ${SERVER_NAMES.join(', ')}`);
  }
  return SERVER_NAMES.filter((name) => wanted.includes(name));
}

/** Starts one server on a free port with an empty store; `stop` removes what it stored. */
export async function startServer(
  name: ServerName,
  options: ServerOptions = {},
): Promise<BenchServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), `bench-${name}-`));
  await writeFile(join(folder, 'config.yml'), options.config ?? NO_SCRAPES);
  const server = new LaunchedServer(name, port, folder, options.flags ?? []);
  await server.launch();
  return server;
}

class LaunchedServer implements BenchServer {
  readonly name: ServerName;
  readonly writeUrl: string;
  readonly queryUrl: string;
  readonly dataDir: string;
  readyMs = Number.NaN;
  readonly #port: number;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #running: RunningProcess | undefined;

  constructor(name: ServerName, port: number, folder: string, flags: readonly string[]) {
    this.name = name;
    this.queryUrl = `http://127.0.0.1:${port}`;
    this.writeUrl = `${this.queryUrl}/api/v1/write`;
    this.dataDir = join(folder, 'data');
    this.#port = port;
    this.#folder = folder;
    this.#flags = flags;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get #process(): RunningProcess {
    if (this.#running === undefined) throw new Error(`${this.name} does not run`);
    return this.#running;
  }

  async launch(): Promise<void> {
    const { command, args, readyPath } = LAUNCHES[this.name];
    const start = performance.now();
    this.#running = await startProcess({
      command,
      args: [...args(this.#port, this.#folder), ...this.#flags],
    });
    try {
      await this.#waitReady(start, `${this.queryUrl}${readyPath}`);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  usage(): ProcessUsage {
    return processUsage(this.pid);
  }

  output(): string {
    return this.#process.output();
  }

  async kill(signal: EndSignal): Promise<void> {
    const running = this.#process;
    if (signal === 'SIGTERM') await running.stop(STOP_TIMEOUT_MS);
    else running.kill(signal);
    await running.exited;
  }

  async restart(signal: EndSignal, config?: string): Promise<void> {
    await this.kill(signal);
    if (config !== undefined) await writeFile(join(this.#folder, 'config.yml'), config);
    await this.launch();
  }

  async stop(): Promise<void> {
    await this.#running?.stop(STOP_TIMEOUT_MS);
    await rm(this.#folder, { recursive: true, force: true });
  }

  // Closer than what tests wait with: some servers are ready within milliseconds.
  async #waitReady(start: number, url: string): Promise<void> {
    let ended = false;
    void this.#process.exited.then(() => (ended = true));
    for (;;) {
      const answer = await exchange(url, { timeout: 5000 }).catch(() => undefined);
      this.readyMs = performance.now() - start;
      if (answer?.statusCode === 200) return;
      if (ended || this.readyMs > READY_TIMEOUT_MS) {
        throw new Error(`${this.name} did not get ready:\n${this.output().slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
  }
}
