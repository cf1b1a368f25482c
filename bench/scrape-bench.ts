import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Exposition } from './load/exposition.ts';
import { SERIES_PER_NODE } from './load/node-series.ts';
import type { Comparison } from './support/comparison.ts';
import { type ServerName, startServer } from './support/servers.ts';

export interface ScrapeBenchOptions {
  /** Targets of 1,000 series each, scraped once a second. */
  readonly targets: number;
  /** How long is measured. */
  readonly seconds: number;
}

const FIRST_SCRAPES_TIMEOUT_MS = 60_000;

/** CPU of scraping, from the second scrape of every target on, and the memory it takes. */
export async function measureScrapes(
  name: ServerName,
  { targets, seconds }: ScrapeBenchOptions,
  comparison: Comparison,
): Promise<void> {
  const exporters = new Exporters(targets);
  const port = await exporters.listen();
  const server = await startServer(name, { config: config(port, targets) });
  try {
    await exporters.waitForScrapes(2, FIRST_SCRAPES_TIMEOUT_MS);
    const [cpuBefore, servedBefore] = [server.usage().cpuSeconds, exporters.served];
    await sleep(seconds * 1000);
    const { cpuSeconds, peakBytes, residentBytes } = server.usage();
    const served = exporters.served - servedBefore;
    // A server that cannot keep up must not look cheap.
    const wanted = seconds * targets;
    if (served < 0.95 * wanted) {
      throw new Error(`${name} scraped ${served} times in ${seconds} s, want ${wanted}`);
    }
    const form = `scrape ${targets} x ${SERIES_PER_NODE} at 1 s`;
    const samples = served * SERIES_PER_NODE;
    const cpu = ((cpuSeconds - cpuBefore) / samples) * 1e6;
    const unit = 'CPU-s/M samples';
    comparison.add({ title: form, unit, digits: 3, targetMax: 0.25 }, name, cpu);
    const memory = { unit: 'MB', digits: 0 } as const;
    comparison.add({ ...memory, title: '  peak memory' }, name, peakBytes / 1e6);
    comparison.add({ ...memory, title: '  memory at the end' }, name, residentBytes / 1e6);
  } finally {
    await server.stop();
    await exporters.close();
  }
}

/** One exporter for all targets: a parameter says which node is asked for. */
function config(port: number, targets: number): string {
  const nodes = Array.from({ length: targets }, (_, node) => {
    const number = String(node).padStart(6, '0');
    const zone = `eu-central-1${'abc'.charAt(node % 3)}`;
    return `  - {targets: ['worker-${number}'], labels: {node: worker-${number}, zone: ${zone}}}`;
  });
  return [
    'scrape_configs:',
    '- job_name: nodes',
    '  scrape_interval: 1s',
    '  scrape_timeout: 1s',
    '  relabel_configs:',
    '  - {source_labels: [__address__], target_label: __param_node}',
    '  - {source_labels: [__address__], target_label: instance}',
    `  - {target_label: __address__, replacement: '127.0.0.1:${port}'}`,
    '  - {target_label: cluster, replacement: production-eu-central-1}',
    '  - {target_label: region, replacement: eu-central-1}',
    '  static_configs:',
    ...nodes,
    '',
  ].join('\n');
}

class Exporters {
  served = 0;
  readonly #exposition: Exposition;
  readonly #scrapes: number[];
  readonly #server: Server;
  #ticking: NodeJS.Timeout | undefined;

  constructor(targets: number) {
    this.#exposition = new Exposition(targets);
    this.#scrapes = Array.from({ length: targets }, () => 0);
    this.#server = createServer((request, response) => {
      const query = new URL(request.url ?? '/', 'http://localhost').searchParams.get('node') ?? '';
      const node = Number(query.slice('worker-'.length));
      const body = this.#exposition.body(node);
      response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
      response.end(body);
      this.#scrapes[node] = (this.#scrapes[node] ?? 0) + 1;
      this.served++;
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    this.#ticking = setInterval(() => this.#exposition.load.tick(), 1000);
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return address.port;
  }

  async waitForScrapes(times: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#scrapes.some((count) => count < times)) {
      if (performance.now() > deadline) throw new Error('targets were not scraped in time');
      await sleep(50);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#ticking);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
