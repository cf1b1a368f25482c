import { PullManager, silentPullMetrics } from '../src/ingest/index.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from '../src/ingest/index.ts';
import type { Labels } from '../src/model/index.ts';
import { type Appender, OUTCOME_COUNT, SampleBatch } from '../src/storage/api.ts';
import { silentLogger } from '../src/telemetry/index.ts';
import { FakeClock } from '../src/util/index.ts';
import { cpuOf, medianOfRuns } from './support/in-process.ts';

const INTERVAL_MS = 10_000;

interface ScrapeBenchOptions {
  /** Series of the one target. */
  readonly series: number;
  readonly scrapes: number;
  readonly runs: number;
}

/** Prints what a scrape costs without HTTP and without a store. */
export async function inProcessScrape(runs: number, print: (line: string) => void): Promise<void> {
  const options = { series: 1000, scrapes: 2000, runs };
  print(`\nscrape, ${options.series} series x ${options.scrapes} scrapes, ${runs} runs, median`);
  const figure = await scrapeBench(options, print);
  print(`scan, identity, batch, staleness: ${figure.toFixed(3)} CPU-s per million samples`);
}

/**
 * CPU seconds per million samples of a scrape from its body to the appender: scan, identity,
 * batch, staleness, report. No HTTP, and storage that takes everything and keeps nothing.
 */
async function scrapeBench(
  options: ScrapeBenchOptions,
  progress: (line: string) => void,
): Promise<number> {
  return medianOfRuns(options.runs, 'scrape', () => measureScrapes(options), progress);
}

async function measureScrapes({ series, scrapes }: ScrapeBenchOptions): Promise<number> {
  const clock = new FakeClock(1_700_000_000_000);
  const storage = new NullStorage();
  const bodies = Array.from({ length: 16 }, (_, tick) => Buffer.from(exposition(series, tick)));
  let served = 0;
  const manager = new PullManager({
    clock,
    storage,
    sources: { expect() {}, contact() {}, end() {}, remove() {} },
    metrics: silentPullMetrics(),
    logger: silentLogger,
    version: 'bench',
    transport: () => ({
      async get(_request, body) {
        body.append(bodies[served++ % bodies.length] ?? Buffer.alloc(0));
        return 'text/plain; version=0.0.4';
      },
      close: async () => {},
    }),
  });
  const yaml = {
    job_name: 'bench',
    scrape_interval: '10s',
    static_configs: [{ targets: ['h:1'] }],
  };
  manager.apply(resolveScrapeConfigs({}, [scrapeConfigSchema.parse(yaml)], '').configs);
  for (let warm = 0; warm < 20; warm++) await clock.advance(INTERVAL_MS);
  const samplesBefore = storage.samples;
  const cpuMicros = await cpuOf(async () => {
    for (let scrape = 0; scrape < scrapes; scrape++) await clock.advance(INTERVAL_MS);
  });
  await manager.stop();
  return cpuMicros / (storage.samples - samplesBefore);
}

const DEVICES = ['sda', 'sdb', 'nvme0n1', 'dm-0', 'eth0', 'lo', 'docker0', 'veth12ab'];
const FAMILIES = [
  'node_disk_io_time_seconds_total',
  'node_network_receive_bytes_total',
  'node_filesystem_avail_bytes',
  'node_cpu_seconds_total',
  'node_softnet_times_squeezed_total',
];

/** A body much like a node exporter's: families of eight series, values that change. */
function exposition(series: number, tick: number): string {
  let text = '';
  for (let index = 0; index < series; index++) {
    const name = `${FAMILIES[(index >> 3) % FAMILIES.length]}_${index >> 3}`;
    if (index % 8 === 0)
      text += `# HELP ${name} What it counts, in words.\n# TYPE ${name} counter\n`;
    const device = DEVICES[index % 8];
    const value = index % 3 === 0 ? index * 1000 + tick : index * 1.37 + tick / 8;
    text += `${name}{device="${device}",mode="system"} ${value}\n`;
  }
  return text;
}

class NullStorage {
  samples = 0;
  readonly #refs = new Map<string, number>();
  readonly #batch = new SampleBatch();

  appender(): Appender {
    const batch = this.#batch;
    batch.reset();
    return {
      samples: batch,
      series: (labels: Labels) => this.#ref(labels),
      addHistogram() {},
      addExemplar() {},
      setMetadata() {},
      putState() {},
      commit: async () => {
        this.samples += batch.length;
        const counts = new Uint32Array(OUTCOME_COUNT);
        counts[0] = batch.length;
        return { counts, outcomes: undefined, histogramOutcomes: undefined };
      },
      rollback() {},
    };
  }

  #ref(labels: Labels): number {
    const known = this.#refs.get(labels.key);
    if (known !== undefined) return known;
    const ref = this.#refs.size + 1;
    this.#refs.set(labels.key, ref);
    return ref;
  }
}
