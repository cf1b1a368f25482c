import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'node:http';
import { writeBody } from '../test/support/write-body.ts';
import { sendLoad } from './load/send-load.ts';
import type { Comparison, Line } from './support/comparison.ts';
import { folderBytes, storedBytes } from './support/disk-usage.ts';
import { get, postWrite } from './support/http-client.ts';
import { type BenchServer, type ServerName, startServer } from './support/servers.ts';

/** What is measured of a server that is sent a load. */
export type StorePart = 'ingest' | 'memory' | 'restart' | 'disk';

export interface StoreBenchOptions {
  readonly parts: ReadonlySet<StorePart>;
  readonly series: number;
  readonly ticks: number;
  readonly samplesPerRequest: number;
  /** Idle time before settled memory is read, seconds. */
  readonly settleSeconds: number;
  /** Which goals hold for a load of this form. */
  readonly targets: StoreTargets;
}

/** Goals of storage.md for one form of load. */
export interface StoreTargets {
  readonly cpuSecondsPerMillion?: number;
  readonly peakKbPerSeries?: number;
  readonly newSeriesMicroseconds?: number;
}

const HOUR_MS = 3_600_000;
const TICK_MS = 15_000;
/** Blocks of Tidegauge and of Prometheus lie between multiples of this. */
const BLOCK_RANGE_MS = 2 * HOUR_MS;
/** The load begins so long ago, so that all of it is old enough for a block. */
const AGE_MS = 8 * HOUR_MS;
const FIRST_TICK_SETTLE_MS = 2_000;
/** Longer than VictoriaMetrics keeps acknowledged samples in memory alone. */
const LATE_FLUSH_MS = 15_000;
const COMPACTION_TIMEOUT_MS = 600_000;
const MARKER = 'bench_marker';
/** Stored sizes count as settled when they have not changed for so long. */
const STABLE_MS = 5_000;

/** The collector looks every second for what a block should hold, when that is measured. */
const CUT_SOON = 'scrape_configs: []\ntidegauge: {storage: {maintenance_interval: 1s}}\n';

/**
 * One server from its start on an empty folder: a load by remote write, its memory, its log, two
 * restarts, and its blocks, as far as `parts` asks for them.
 */
export async function measureStore(
  name: ServerName,
  options: StoreBenchOptions,
  comparison: Comparison,
): Promise<void> {
  const server = await startServer(name);
  try {
    const life = new StoreLife(server, options, comparison);
    await life.ingest();
    if (options.parts.has('memory')) await life.settle();
    if (options.parts.has('disk')) await life.log();
    if (options.parts.has('restart')) await life.restarts();
    if (options.parts.has('disk')) await life.compact();
  } finally {
    await server.stop();
  }
}

class StoreLife {
  readonly #server: BenchServer;
  readonly #options: StoreBenchOptions;
  readonly #comparison: Comparison;
  readonly #form: string;
  readonly #samples: number;
  /** Time of the first tick: the begin of a range that blocks do not cross. */
  readonly #firstMs = Math.floor((Date.now() - AGE_MS) / BLOCK_RANGE_MS) * BLOCK_RANGE_MS;
  #residentBytes = 0;

  constructor(server: BenchServer, options: StoreBenchOptions, comparison: Comparison) {
    this.#server = server;
    this.#options = options;
    this.#comparison = comparison;
    this.#form = `${formatCount(options.series)} x ${options.ticks}`;
    this.#samples = options.series * options.ticks;
  }

  async ingest(): Promise<void> {
    const { series, ticks, samplesPerRequest, parts, targets } = this.#options;
    const server = this.#server;
    const before = server.usage().cpuSeconds;
    const start = performance.now();
    let firstTickCpu = 0;
    const firstMs = this.#firstMs;
    const load = { series, ticks, samplesPerRequest, firstMs, tickMs: TICK_MS };
    await sendLoad(server.writeUrl, load, async () => {
      // What a server puts off counts for the series that made it do so.
      await sleep(FIRST_TICK_SETTLE_MS);
      firstTickCpu = server.usage().cpuSeconds - before;
    });
    const wallSeconds = (performance.now() - start - FIRST_TICK_SETTLE_MS) / 1000;
    const { cpuSeconds, peakBytes, residentBytes } = server.usage();
    this.#residentBytes = residentBytes;
    const cpu = cpuSeconds - before;
    if (parts.has('ingest')) {
      const known = (cpu - firstTickCpu) / (ticks - 1);
      const title = `remote write ${this.#form}`;
      this.#add(title, 'CPU-s/M samples', (cpu / this.#samples) * 1e6, {
        digits: 3,
        ...limited(targets.cpuSecondsPerMillion),
      });
      if (ticks > 1) {
        const knownTitle = `  known series, ${this.#form}`;
        this.#add(knownTitle, 'CPU-s/M samples', (known / series) * 1e6, { digits: 3 });
        const cost = ((firstTickCpu - known) / series) * 1e6;
        this.#add(`  a new series, ${this.#form}`, 'CPU us', cost, {
          digits: 2,
          ...limited(targets.newSeriesMicroseconds),
          note: 'a new series: CPU of the first tick less that of a later one, per series',
        });
      }
      this.#add(`  wall time, ${this.#form}`, 's', wallSeconds, { digits: 1 });
    }
    if (parts.has('memory')) {
      const peak = peakBytes / series / 1000;
      this.#add(`peak memory, ${this.#form}`, 'kB/series', peak, {
        digits: 2,
        ...limited(targets.peakKbPerSeries),
      });
    }
  }

  async settle(): Promise<void> {
    const { series, settleSeconds } = this.#options;
    await sleep(settleSeconds * 1000);
    const { residentBytes, anonymousBytes } = this.#server.usage();
    const title = `memory ${settleSeconds} s later, ${this.#form}`;
    const note = 'without what the kernel can drop again: maps of files';
    this.#add(title, 'kB/series', residentBytes / series / 1000, { digits: 2 });
    const anonymous = anonymousBytes / series / 1000;
    this.#add(`  of which not of files, ${this.#form}`, 'kB/series', anonymous, {
      digits: 2,
      note,
    });
  }

  async log(): Promise<void> {
    await this.#flush();
    const bytes = folderBytes(this.#server.dataDir);
    this.#add('disk before compaction', 'B/sample', bytes / this.#samples, {
      digits: 2,
      targetMax: 4,
      note: 'disk before compaction: all of the data folder after the load',
    });
  }

  async restarts(): Promise<void> {
    await this.#flush();
    // Told to flush it still holds back what a crash then loses; nothing of that is to be gained.
    if (this.#server.name === 'victoria-metrics') await sleep(LATE_FLUSH_MS);
    const log = `${formatCount(this.#samples)} samples in the log`;
    const residentBefore = this.#residentBytes;
    await this.#server.restart('SIGKILL');
    this.#add(`restart to ready after kill -9, ${log}`, 's', this.#server.readyMs / 1000, {
      digits: 3,
      targetMax: 0.5,
    });
    const { residentBytes } = this.#server.usage();
    this.#add('  memory when ready, of that before', '', residentBytes / residentBefore, {
      digits: 2,
      targetMax: 1,
    });
    this.#add('  samples missing', '', this.#samples - (await this.#countSamples()), {
      digits: 0,
      targetMax: 0,
      note: 'samples missing: VictoriaMetrics had 15 s to flush before it was killed',
    });
    await this.#server.restart('SIGTERM');
    this.#add(`restart to ready after SIGTERM, ${log}`, 's', this.#server.readyMs / 1000, {
      digits: 3,
    });
  }

  /** Makes the server take all samples of the load out of its log, and measures what it made. */
  async compact(): Promise<void> {
    const server = this.#server;
    const { name, dataDir } = server;
    await server.restart('SIGTERM', name === 'tidegauge' ? CUT_SOON : undefined);
    const agent = new Agent();
    // One sample of now: with it, all others are older than what is kept in the head.
    const marker = writeBody([[{ __name__: MARKER }, [Date.now(), 1]]]);
    await postWrite(server.writeUrl, marker, agent);
    await this.#flush();
    if (name === 'victoria-metrics') await get(`${server.queryUrl}/internal/force_merge`);
    await this.#waitCompacted();
    const { dataBytes, indexBytes } = storedBytes(name, dataDir);
    const { series, ticks } = this.#options;
    const missing = this.#samples - (await this.#countSamples());
    const note =
      'disk after compaction: ' +
      `samples from ${AGE_MS / HOUR_MS} hours ago in time order within one range of two hours ` +
      `(${ticks} of each series), which all servers take without an out-of-order window; then ` +
      'one sample of now, after which Tidegauge and Prometheus cut a block by themselves; ' +
      'VictoriaMetrics is told to flush and to merge';
    this.#add('disk after compaction, samples', 'B/sample', dataBytes / this.#samples, {
      digits: 2,
      targetMax: 1.2,
      note,
    });
    this.#add('disk after compaction, index', 'B/series', indexBytes / series, {
      digits: 1,
      targetMax: 90,
    });
    this.#add('  samples missing after it', '', missing, { digits: 0, targetMax: 0 });
  }

  /** Samples of the load that queries find, counted a series at a time by the server. */
  async #countSamples(): Promise<number> {
    const { series, ticks } = this.#options;
    const firstMs = this.#firstMs;
    const endMs = firstMs + ticks * TICK_MS;
    const window = `${(endMs - firstMs) / 1000 + 1}s`;
    const url = `${this.#server.queryUrl}/api/v1`;
    const names = await apiData<readonly string[]>(
      `${url}/label/__name__/values?start=${firstMs / 1000}&end=${endMs / 1000}`,
    );
    let count = 0;
    // Name by name: without their names, series of several could not be told apart.
    for (const name of names.filter((each) => each !== MARKER)) {
      const query = `sum(count_over_time(${name}[${window}]))`;
      const params = new URLSearchParams({ query, time: String(endMs / 1000), nocache: '1' });
      const { result } = await apiData<{
        readonly result: readonly { readonly value: readonly [number, string] }[];
      }>(`${url}/query?${params.toString()}`);
      count += Number(result[0]?.value[1] ?? 0);
    }
    if (count > series * ticks) throw new Error(`${count} samples of ${series * ticks}`);
    return count;
  }

  async #waitCompacted(): Promise<void> {
    const { name, dataDir, queryUrl } = this.#server;
    const deadline = performance.now() + COMPACTION_TIMEOUT_MS;
    let last = '';
    let stableSince = performance.now();
    for (;;) {
      await sleep(250);
      const { dataBytes, indexBytes } = storedBytes(name, dataDir);
      const busy = name === 'victoria-metrics' && (await activeMerges(queryUrl)) > 0;
      const now = `${dataBytes} ${indexBytes}`;
      if (busy || now !== last || indexBytes === 0) stableSince = performance.now();
      last = now;
      if (performance.now() - stableSince > STABLE_MS) return;
      if (performance.now() > deadline) {
        throw new Error(`${name} made no block in ${COMPACTION_TIMEOUT_MS / 1000} s`);
      }
    }
  }

  async #flush(): Promise<void> {
    const { name, queryUrl } = this.#server;
    if (name === 'victoria-metrics') await get(`${queryUrl}/internal/force_flush`);
  }

  #add(title: string, unit: string, value: number, rest: Omit<Line, 'title' | 'unit'>): void {
    this.#comparison.add({ title, unit, ...rest }, this.#server.name, value);
  }
}

async function apiData<Data>(url: string): Promise<Data> {
  const { body } = await get(url);
  return (JSON.parse(body) as { readonly data: Data }).data;
}

async function activeMerges(url: string): Promise<number> {
  const { body } = await get(`${url}/metrics`);
  return [...body.matchAll(/^vm_active_(?:force_)?merges(?:\{[^}]*\})? (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

function limited(targetMax: number | undefined): Pick<Line, 'targetMax'> {
  return targetMax === undefined ? {} : { targetMax };
}

/** 6000000 as 6M, 100000 as 100k. */
export function formatCount(count: number): string {
  if (count >= 1e6 && count % 1e5 === 0) return `${count / 1e6}M`;
  return count >= 1000 && count % 100 === 0 ? `${count / 1000}k` : String(count);
}
