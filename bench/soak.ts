import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { crashCommand } from './crash.ts';
import { hybridSoak } from './hybrid-soak.ts';
import type { Load } from './load/load.ts';
import { PacedSender } from './load/paced-sender.ts';
import type { WriteRequests } from './load/write-requests.ts';
import { loopDelayOf, ownMetrics } from './support/own-metrics.ts';
import { type BenchServer, startServer } from './support/servers.ts';
import { median, quantile, slope } from './support/statistics.ts';

export const SOAK_USAGE = `npm run soak -- [--series N] [--minutes N] [OPTIONS]

Remote write into the collector for a long time while series come and go. Prints memory and other
figures, then whether memory is flat; exit status 1 when it is not, when samples were refused, or
when fewer were taken than asked for.

  --series N    active at any time (default 1000000)  --minutes N   after all series are there (10)
  --rate N      samples a second (default: one of each series every 15 s)
  --history N   samples of each series, 15 s apart, sent before as fast as they are taken (48):
                until then the newest samples of each series only gather, unpacked
  --churn N     percent of the series replaced a minute (default 1)
  --flat N      percent of its middle value that memory may grow a minute (default 2): replaced
                series stay in memory until their samples go to a block, which is 1 % a minute, and
                the samples of the others gather until then
  --every N     seconds between two lines (default 10)

npm run soak -- crash [--rounds N] [--seed N]   kill -9 again and again; see there with --help
npm run soak -- hybrid                           agents on a network that breaks; --help`;

const OPTIONS = {
  series: { type: 'string', default: '1000000' },
  minutes: { type: 'string', default: '10' },
  rate: { type: 'string' },
  history: { type: 'string', default: '48' },
  churn: { type: 'string', default: '1' },
  flat: { type: 'string', default: '2' },
  every: { type: 'string', default: '10' },
} as const;

const HISTORY_STEP_MS = 15_000;
/** Of the time measured, the first part in which memory still finds its size. */
const WARM_UP_SHARE = 1 / 3;
/** Fewer samples than this part of those asked for is a failure. */
const RATE_SHARE_MIN = 0.95;

interface SoakOptions {
  readonly series: number;
  readonly minutes: number;
  readonly samplesPerSecond: number;
  readonly historyPasses: number;
  readonly churnPercent: number;
  readonly flatPercent: number;
  readonly everySeconds: number;
}

/** `npm run soak`; the exit status. */
export async function runSoak(args: readonly string[]): Promise<number> {
  if (args[0] === 'crash') return crashCommand(args.slice(1));
  if (args[0] === 'hybrid') return hybridSoak(args.slice(1));
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const series = Number(values.series);
  const options = {
    series,
    minutes: Number(values.minutes),
    samplesPerSecond: Math.round(Number(values.rate ?? series / 15)),
    historyPasses: Math.max(1, Number(values.history)),
    churnPercent: Number(values.churn),
    flatPercent: Number(values.flat),
    everySeconds: Number(values.every),
  };
  const { samplesPerSecond, churnPercent, minutes } = options;
  console.log(
    `${series} active series, ${samplesPerSecond} samples/s, ${churnPercent} % of the series ` +
      `replaced a minute, ${minutes} minutes`,
  );
  const server = await startServer('tidegauge');
  try {
    return await soak(server, options);
  } finally {
    await server.stop();
  }
}

async function soak(server: BenchServer, options: SoakOptions): Promise<number> {
  const { series, samplesPerSecond, historyPasses, minutes } = options;
  const startMs = Date.now();
  const churn = new Churn(options);
  const sender = new PacedSender({
    url: server.writeUrl,
    series,
    samplesPerSecond,
    timeOf: (pass) =>
      pass < historyPasses ? startMs - (historyPasses - pass) * HISTORY_STEP_MS : Date.now(),
    betweenRequests: (requests, load) => churn.replaceDue(requests, load),
  });
  const stopping = new AbortController();
  const sending = sender.run(stopping.signal, historyPasses);
  // It ends before it is told to only by a failure, which is thrown here.
  const pause = (delayMs: number): Promise<void> => Promise.race([sleep(delayMs), sending]);
  let nextSaid = performance.now();
  while (sender.passes < historyPasses) {
    await pause(100);
    if (performance.now() < nextSaid) continue;
    console.log(`history: ${sender.passes} of ${historyPasses} samples a series`);
    nextSaid = performance.now() + options.everySeconds * 1000;
  }
  churn.begin();
  const { residentBytes } = server.usage();
  console.log(
    `all series are there, with ${historyPasses} samples each: ${megabytes(residentBytes)} MB\n`,
  );
  // What the loop did until now is told here, and not in the first line.
  await ownMetrics(server.queryUrl);
  const watch = new Watch(server, sender);
  const end = performance.now() + minutes * 60_000;
  while (performance.now() < end) {
    await pause(Math.min(options.everySeconds * 1000, end - performance.now()));
    console.log(await watch.line(churn.replaced));
  }
  stopping.abort();
  await sending;
  return watch.verdict(options);
}

/** Replaces series by others, steadily. */
class Churn {
  replaced = 0;
  readonly #series: number;
  readonly #perMs: number;
  #startMs = Infinity;

  constructor({ series, churnPercent }: SoakOptions) {
    this.#series = series;
    this.#perMs = (series * churnPercent) / 100 / 60_000;
  }

  begin(): void {
    this.#startMs = performance.now();
  }

  replaceDue(requests: WriteRequests, load: Load): void {
    const due = Math.floor((performance.now() - this.#startMs) * this.#perMs);
    for (; this.replaced < due; this.replaced++) {
      // Far apart, as pods that come and go are.
      const index = (this.replaced * 7919) % this.#series;
      const generation = Math.floor(this.replaced / this.#series) + 1;
      const pairs = [...(load.series[index]?.labelPairs ?? [])];
      const at = pairs.indexOf('instance') + 1;
      pairs[at] = `${pairs[at]}-${generation}`;
      requests.replace(index, pairs);
    }
  }
}

class Watch {
  readonly #server: BenchServer;
  readonly #sender: PacedSender;
  readonly #startMs = performance.now();
  readonly #startSamples: number;
  readonly #memory: [minutes: number, bytes: number][] = [];
  #last: { readonly ms: number; readonly samples: number; readonly cpuSeconds: number };

  constructor(server: BenchServer, sender: PacedSender) {
    this.#server = server;
    this.#sender = sender;
    this.#startSamples = sender.sentSamples;
    sender.takeLatencies();
    this.#last = this.#now();
  }

  #now(): { ms: number; samples: number; cpuSeconds: number } {
    const { cpuSeconds } = this.#server.usage();
    return { ms: performance.now(), samples: this.#sender.sentSamples, cpuSeconds };
  }

  async line(replaced: number): Promise<string> {
    const metrics = await ownMetrics(this.#server.queryUrl);
    const usage = this.#server.usage();
    const [last, now] = [this.#last, this.#now()];
    this.#last = now;
    this.#memory.push([(now.ms - this.#startMs) / 60_000, usage.residentBytes]);
    const seconds = (now.ms - last.ms) / 1000;
    const samples = now.samples - last.samples;
    const cpu = now.cpuSeconds - last.cpuSeconds;
    const latencies = this.#sender.takeLatencies();
    const [at, perSecond, perMillion] = [
      (now.ms - this.#startMs) / 1000,
      samples / seconds,
      (cpu / samples) * 1e6,
    ];
    const loop = loopDelayOf(metrics);
    return [
      `${at.toFixed(0).padStart(5)} s`,
      `${megabytes(usage.residentBytes)} MB (peak ${megabytes(usage.peakBytes)})`,
      `${metrics.get('tidegauge_storage_series') ?? Number.NaN} series, ${replaced} replaced`,
      `${perSecond.toFixed(0)} samples/s`,
      `${((cpu / seconds) * 100).toFixed(0)} % CPU, ${perMillion.toFixed(2)} CPU-s/M`,
      `answers p99 ${quantile(latencies, 0.99).toFixed(1)} ms`,
      `loop p99 ${loop.p99Ms.toFixed(1)} ms, max ${loop.maxMs.toFixed(0)} ms`,
    ].join('  ');
  }

  /** Prints whether memory is flat; the exit status. */
  verdict({ series, samplesPerSecond, flatPercent }: SoakOptions): number {
    const endMinutes = this.#memory.at(-1)?.[0] ?? 0;
    const points = this.#memory.filter(([minutes]) => minutes >= endMinutes * WARM_UP_SHARE);
    const middle = median(points.map(([, bytes]) => bytes));
    const percent = (slope(points) / middle) * 100;
    const isFlat = percent <= flatPercent;
    const seconds = endMinutes * 60;
    const rate = (this.#sender.sentSamples - this.#startSamples) / seconds;
    const isFast = rate >= samplesPerSecond * RATE_SHARE_MIN;
    const { refusedRequests, lastRefusal } = this.#sender;
    console.log(
      `\nmemory: ${megabytes(middle)} MB in the middle, ` +
        `${(middle / series).toFixed(0)} bytes per active series, ` +
        `${percent.toFixed(2)} % a minute after the first third (at most ${flatPercent}): ` +
        (isFlat ? 'flat' : 'NOT FLAT'),
    );
    console.log(
      `samples: ${rate.toFixed(0)}/s of ${samplesPerSecond}/s${isFast ? '' : ': TOO FEW'}, ` +
        `${refusedRequests} requests refused${refusedRequests > 0 ? `: ${lastRefusal}` : ''}`,
    );
    return isFlat && isFast && refusedRequests === 0 ? 0 : 1;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
