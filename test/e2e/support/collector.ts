import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../../src/util/package-root.ts';
import { freePort } from '../../../src/lab/processes/free-port.ts';
import type { RunningProcess } from '../../support/processes.ts';
import { startProcess } from '../../support/processes.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));

export interface Collector {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly process: RunningProcess;
  /** Ends it at once, as a crash would. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<Collector>;
  /** Ends it in good order and removes its data. */
  stop(): Promise<void>;
}

/** Starts the built collector on a free port with an empty data folder. */
export async function startCollector(config?: string): Promise<Collector> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-e2e-'));
  const args: string[] = [];
  if (config !== undefined) {
    const file = join(folder, 'config.yml');
    await writeFile(file, config);
    args.push('--config', file);
  }
  return launch(await freePort(), folder, args);
}

async function launch(port: number, folder: string, args: readonly string[]): Promise<Collector> {
  const url = `http://127.0.0.1:${port}`;
  const dataDir = join(folder, 'data');
  const flags = ['--listen', `127.0.0.1:${port}`, '--data', dataDir, ...args];
  const running = await startProcess({
    command: process.execPath,
    args: [BINARY, 'serve', ...flags],
    ready: { url: `${url}/-/ready` },
  });
  return {
    url,
    port,
    dataDir,
    process: running,
    async kill9() {
      running.kill('SIGKILL');
      await running.exited;
    },
    restart: () => launch(port, folder, args),
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
