import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/util/package-root.ts';
import { freePort, startProcess } from '../../test/support/processes.ts';
import { type ProcessUsage, processUsage } from './process-usage.ts';

export interface BenchServer {
  readonly name: string;
  readonly pid: number;
  readonly writeUrl: string;
  readonly queryUrl: string;
  usage(): ProcessUsage;
  stop(): Promise<void>;
}

export type ServerName = 'tidegauge' | 'prometheus' | 'victoria-metrics';

interface Launch {
  readonly command: string;
  readonly args: (port: number, folder: string) => readonly string[];
  readonly ready: string;
  readonly config?: string;
}

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));

const LAUNCHES: Readonly<Record<ServerName, Launch>> = {
  tidegauge: {
    command: process.execPath,
    args: (port, folder) => [
      ...[BINARY, 'serve', '--listen', `127.0.0.1:${port}`],
      ...['--data', join(folder, 'data'), '--config', join(folder, 'config.yml')],
    ],
    ready: '/-/ready',
    config: 'scrape_configs: []\n',
  },
  prometheus: {
    command: 'prometheus',
    args: (port, folder) => [
      `--config.file=${join(folder, 'config.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ],
    ready: '/-/ready',
    config: 'scrape_configs: []\n',
  },
  'victoria-metrics': {
    command: 'victoria-metrics',
    args: (port, folder) => [
      `-storageDataPath=${join(folder, 'data')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=1',
    ],
    ready: '/health',
  },
};

/** Starts one server on a free port with an empty store; `stop` removes what it stored. */
export async function startServer(name: ServerName): Promise<BenchServer> {
  const launch = LAUNCHES[name];
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), `bench-${name}-`));
  if (launch.config !== undefined) await writeFile(join(folder, 'config.yml'), launch.config);
  const url = `http://127.0.0.1:${port}`;
  const running = await startProcess({
    command: launch.command,
    args: launch.args(port, folder),
    ready: { url: `${url}${launch.ready}` },
  });
  return {
    name,
    pid: running.pid,
    writeUrl: `${url}/api/v1/write`,
    queryUrl: url,
    usage: () => processUsage(running.pid),
    async stop() {
      await running.stop(30_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
