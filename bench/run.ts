import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AGENTS_USAGE, runAgentsBench } from './hybrid-agents.ts';
import { OVERLOAD_USAGE, runOverloadBench } from './hybrid-overload.ts';
import { inProcessScrape } from './in-process-scrape.ts';
import { inProcessSession } from './in-process-session.ts';
import { inProcessWrite } from './in-process-write.ts';
import { kernelBench } from './kernel/kernel-bench.ts';
import { LOOP_USAGE, runLoopBench } from './loop-bench.ts';
import { ENGINE_USAGE, runEngineBench } from './query-engine.ts';
import { QUERY_USAGE, runQueryBench } from './query.ts';
import { measureScrapes } from './scrape-bench.ts';
import { runSoak, SOAK_USAGE } from './soak.ts';
import { measureStart } from './start-bench.ts';
import { formatCount, measureStore, type StorePart, type StoreTargets } from './store-bench.ts';
import { Comparison } from './support/comparison.ts';
import { type ServerName, serverNames } from './support/servers.ts';
import { measureVisible } from './visible-bench.ts';

const USAGE = `npm run bench -- [NAME...] [OPTIONS]

Beside Debian's prometheus and victoria-metrics, in turn, each run on an empty store; CPU and
memory are those of the server's process. Default: ingest.
  ingest         remote write: CPU per million samples, cost of a new series
  memory         peak memory of the same loads, and what stays of it
  restart        from the start of the process to ready: with the load in the log; empty, and the
                 memory of an idle server
  disk           data folder before compaction; samples and index after it
  scrape         pulling targets of 1,000 series every second: CPU per million samples, memory
  visible        from pushing a sample to seeing it in a query
  all            all of these

  --series N     series of the load (default 100000)   --ticks N    samples of each (default 60)
  --runs N       runs of each server (default 3)       --batch N    samples a request (default 2000)
  --servers A,B  some of tidegauge,prometheus,victoria-metrics
  --full         the load of mostly new series with 1,000,000 series (default a tenth) x 5
  --settle N     seconds until settled memory is read (default 10)
  --idle N       seconds of idling (default 30)
  --targets N    targets to scrape (default 200)       --seconds N  scraped so long (default 30)
  --times N      samples pushed and waited for (default 200)
  --json FILE    writes all figures there too

Alone, of this version only:
  in-process     remote write, a scrape and sessions, without sockets: CPU-s per million samples
  kernel         each part of the kernel: CPU per sample, bytes per sample and series`;

const OPTIONS = {
  series: { type: 'string', default: '100000' },
  ticks: { type: 'string', default: '60' },
  runs: { type: 'string', default: '3' },
  batch: { type: 'string', default: '2000' },
  servers: { type: 'string', default: 'tidegauge,prometheus,victoria-metrics' },
  full: { type: 'boolean', default: false },
  settle: { type: 'string', default: '10' },
  idle: { type: 'string', default: '30' },
  targets: { type: 'string', default: '200' },
  seconds: { type: 'string', default: '30' },
  times: { type: 'string', default: '200' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const COMPARED = ['ingest', 'memory', 'restart', 'disk', 'scrape', 'visible'] as const;
type Compared = (typeof COMPARED)[number];

/** Goals at the sizes of the design. */
const KNOWN_TARGETS: StoreTargets = { cpuSecondsPerMillion: 0.3, peakKbPerSeries: 1 };
const NEW_TARGETS: StoreTargets = {
  cpuSecondsPerMillion: 1.5,
  peakKbPerSeries: 0.6,
  newSeriesMicroseconds: 6,
};
const NEW_SERIES_TICKS = 5;

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}

/** Programs with options of their own. */
const OTHERS = new Map([
  ['query', runQueryBench],
  ['engine', runEngineBench],
  ['loop', runLoopBench],
  ['soak', runSoak],
  ['agents', runAgentsBench],
  ['overload', runOverloadBench],
]);

/** Runs the benchmarks named on the command line; the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  const other = OTHERS.get(args[0] ?? '');
  if (other !== undefined && !args.includes('--help')) return other(args.slice(1));
  const { values, positionals } = parse(args);
  const names = positionals.length === 0 ? ['ingest'] : positionals;
  if (values.help || names.some((name) => !isKnown(name))) {
    const usages = [
      USAGE,
      QUERY_USAGE,
      ENGINE_USAGE,
      LOOP_USAGE,
      SOAK_USAGE,
      AGENTS_USAGE,
      OVERLOAD_USAGE,
    ];
    console.log(usages.join('\n\n'));
    return values.help ? 0 : 2;
  }
  if (names.includes('kernel')) {
    kernelBench({ ...loadOf(values), series: Number(values.series) }, console.log);
  }
  if (names.includes('in-process')) await inProcess(values);
  const wanted = new Set(
    names.includes('all') ? COMPARED : COMPARED.filter((one) => names.includes(one)),
  );
  if (wanted.size > 0) await compare(wanted, values);
  return 0;
}

function isKnown(name: string): boolean {
  return ['all', 'kernel', 'in-process', ...COMPARED].includes(name);
}

function loadOf(values: Values): { ticks: number; samplesPerRequest: number } {
  return { ticks: Number(values.ticks), samplesPerRequest: Number(values.batch) };
}

/** As many as a small host's agent has. */
const SERIES_OF_AGENT = 100;

async function inProcess(values: Values): Promise<void> {
  const runs = Number(values.runs);
  const load = { ...loadOf(values), series: Number(values.series), runs };
  console.log(`in-process, ${load.series} series x ${load.ticks} samples, ${runs} runs, medians`);
  const write = await inProcessWrite(load, console.log);
  console.log(`decode, identity, append, log: ${write.toFixed(3)} CPU-s per million samples`);
  await inProcessScrape(runs, console.log);
  const agents = Math.max(1, Math.round(load.series / SERIES_OF_AGENT));
  const fleet = { agents, series: SERIES_OF_AGENT, ticks: load.ticks, runs };
  const sessions = await inProcessSession(fleet, console.log);
  console.log(
    `sessions of ${agents} agents x ${SERIES_OF_AGENT} series, a batch for each tick: ` +
      `${sessions.toFixed(3)} CPU-s per million samples`,
  );
}

async function compare(wanted: ReadonlySet<Compared>, values: Values): Promise<void> {
  const comparison = new Comparison();
  const runs = Number(values.runs);
  const servers = serverNames(values.servers);
  console.log(`${[...wanted].join(', ')}: ${runs} runs of ${servers.join(', ')} in turn`);
  console.log('targets are those of 100k series x 60, 1M x 5 and 200 targets on two idle cores\n');
  for (let run = 1; run <= runs; run++) {
    for (const part of measurements(wanted, values)) {
      for (const server of servers) {
        const start = performance.now();
        await part.measure(server, comparison);
        const seconds = ((performance.now() - start) / 1000).toFixed(0);
        console.log(`run ${run}/${runs} ${server}: ${part.title}, ${seconds} s`);
      }
    }
  }
  console.log(`\n${comparison.table()}`);
  if (values.json !== undefined) {
    const settings = { ...values, node: process.version, time: new Date().toISOString() };
    const text = JSON.stringify({ settings, lines: comparison.toJson() }, undefined, 2);
    writeFileSync(values.json, `${text}\n`);
  }
}

interface Measurement {
  readonly title: string;
  measure(server: ServerName, comparison: Comparison): Promise<void>;
}

function measurements(wanted: ReadonlySet<Compared>, values: Values): Measurement[] {
  const list: Measurement[] = [];
  const ofStore = (['ingest', 'memory', 'restart', 'disk'] as const).filter((one) =>
    wanted.has(one),
  );
  const settleSeconds = Number(values.settle);
  const store = (
    series: number,
    ticks: number,
    parts: StorePart[],
    targets: StoreTargets,
  ): void => {
    const { samplesPerRequest } = loadOf(values);
    const options = { series, ticks, samplesPerRequest, settleSeconds, targets };
    list.push({
      title: `remote write ${formatCount(series)} x ${ticks}: ${parts.join(', ')}`,
      measure: (server, comparison) =>
        measureStore(server, { ...options, parts: new Set(parts) }, comparison),
    });
  };
  if (ofStore.length > 0) {
    store(Number(values.series), Number(values.ticks), ofStore, KNOWN_TARGETS);
  }
  const ofNew = ofStore.filter((one) => one === 'ingest' || one === 'memory');
  // Ten times as many as the other load, as in the design, or as many.
  const series = Number(values.series) * (values.full ? 10 : 1);
  const isOther = values.full || Number(values.ticks) !== NEW_SERIES_TICKS;
  if (ofNew.length > 0 && isOther) {
    store(series, NEW_SERIES_TICKS, ofNew, NEW_TARGETS);
  }
  if (wanted.has('restart')) {
    const measure: Measurement['measure'] = (server, comparison) =>
      measureStart(server, Number(values.idle), comparison);
    list.push({ title: 'empty start', measure });
  }
  if (wanted.has('scrape')) {
    const options = { targets: Number(values.targets), seconds: Number(values.seconds) };
    const measure: Measurement['measure'] = (server, comparison) =>
      measureScrapes(server, options, comparison);
    list.push({ title: 'scrape', measure });
  }
  if (wanted.has('visible')) {
    const measure: Measurement['measure'] = (server, comparison) =>
      measureVisible(server, Number(values.times), comparison);
    list.push({ title: 'visible', measure });
  }
  return list;
}
