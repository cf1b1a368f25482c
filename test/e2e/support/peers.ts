import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/lab/processes/free-port.ts';
import { startProcess } from '../../support/processes.ts';

export interface Peer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Debian's node_exporter on a free port. */
export async function startNodeExporter(): Promise<Peer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = await startProcess({
    command: 'prometheus-node-exporter',
    args: [`--web.listen-address=127.0.0.1:${port}`],
    ready: { url: `${url}/metrics` },
  });
  return { url, port, stop: async () => void (await running.stop()) };
}

/** Debian's Prometheus on a free port with an empty store. */
export async function startPrometheus(
  config: string,
  flags: readonly string[] = [],
): Promise<Peer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, config);
  const running = await startProcess({
    command: 'prometheus',
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...flags,
    ],
    ready: { url: `${url}/-/ready` },
  });
  return {
    url,
    port,
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
