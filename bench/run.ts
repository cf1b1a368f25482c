import { parseArgs } from 'node:util';
import { inProcessBench } from './in-process.ts';
import { QUERY_USAGE, runQueryBench } from './query.ts';
import { remoteWriteBench } from './remote-write.ts';
import { kernelBench } from './kernel/kernel-bench.ts';
import { scrapeBench } from './scrape.ts';
import type { ServerName } from './support/servers.ts';

const USAGE = `npm run bench -- [remote-write|scrape|kernel] [--series N] [--ticks N] [--runs N] [--servers LIST]

  remote-write   remote write in-process and over HTTP, beside Debian's prometheus and
                 victoria-metrics: CPU seconds per million samples, memory per series
  scrape         a scrape of 1,000 series from body to appender, in-process: CPU seconds per
                 million samples (--runs alone)
  kernel         each part of the kernel alone: CPU per sample, bytes per sample and series
                 (--series, --ticks, --batch)

  --series N     series (default 100000)          --ticks N   samples of each (default 60)
  --runs N       runs of each server (default 3)  --batch N   samples a request (default 2000)
  --servers A,B  some of tidegauge,prometheus,victoria-metrics`;

const OPTIONS = {
  series: { type: 'string', default: '100000' },
  ticks: { type: 'string', default: '60' },
  runs: { type: 'string', default: '3' },
  batch: { type: 'string', default: '2000' },
  servers: { type: 'string', default: 'tidegauge,prometheus,victoria-metrics' },
  help: { type: 'boolean', default: false },
} as const;

const SERVERS: readonly ServerName[] = ['tidegauge', 'prometheus', 'victoria-metrics'];

/** Runs the benchmarks named on the command line; the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  if (args[0] === 'query' && !args.includes('--help')) return runQueryBench(args.slice(1));
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [name = 'remote-write'] = positionals;
  const servers = values.servers.split(',');
  const unknown = servers.find((server) => !SERVERS.some((known) => known === server));
  const known = name === 'remote-write' || name === 'scrape' || name === 'kernel';
  if (values.help || !known || unknown !== undefined) {
    const usage = `${USAGE}\n\n${QUERY_USAGE}`;
    console.log(unknown === undefined ? usage : `no server ${unknown}\n\n${usage}`);
    return values.help ? 0 : 2;
  }
  if (name === 'scrape') {
    await scrape(Number(values.runs));
    return 0;
  }
  const load = {
    series: Number(values.series),
    ticks: Number(values.ticks),
    samplesPerRequest: Number(values.batch),
  };
  if (name === 'kernel') {
    kernelBench(load, console.log);
    return 0;
  }
  await remoteWrite({
    ...load,
    runs: Number(values.runs),
    servers: SERVERS.filter((server) => servers.includes(server)),
  });
  return 0;
}

async function scrape(runs: number): Promise<void> {
  const options = { series: 1000, scrapes: 2000, runs };
  console.log(
    `scrape, ${options.series} series x ${options.scrapes} scrapes, ${runs} runs, median`,
  );
  const figure = await scrapeBench(options, console.log);
  console.log(`\nscan, identity, batch, staleness: ${figure.toFixed(3)} CPU-s per million samples`);
}

async function remoteWrite(options: Parameters<typeof remoteWriteBench>[0]): Promise<void> {
  const { series, ticks } = options;
  console.log(`remote write, ${series} series x ${ticks} samples, ${options.runs} runs, medians`);
  const inProcess = await inProcessBench(options, console.log);
  console.log(
    `\nin-process (decode, identity, append, log): ` +
      `${inProcess.toFixed(2)} CPU-s per million samples\n`,
  );
  const figures = await remoteWriteBench(options, console.log);
  const ours = figures.get('tidegauge');
  console.log('\nserver            CPU-s/million   ratio   peak kB/series   ratio   wall s');
  for (const [name, one] of figures) {
    const ratio = (value: number | undefined, base: number): string =>
      value === undefined ? '-' : (base / value).toFixed(2);
    const cells = [
      name.padEnd(17),
      one.cpuSecondsPerMillion.toFixed(2).padStart(13),
      ratio(ours?.cpuSecondsPerMillion, one.cpuSecondsPerMillion).padStart(8),
      (one.peakBytesPerSeries / 1000).toFixed(2).padStart(16),
      ratio(ours?.peakBytesPerSeries, one.peakBytesPerSeries).padStart(8),
      one.wallSeconds.toFixed(1).padStart(9),
    ];
    console.log(cells.join(''));
  }
  console.log('\nratio: the server over Tidegauge; above 1, Tidegauge is the cheaper one');
}
