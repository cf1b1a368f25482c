import { parseArgs } from 'node:util';
import { fuzzLog } from './log.ts';
import { fuzzPromql, fuzzPromqlSteps } from './promql.ts';
import { fuzzBesidePrometheus } from './promql-prometheus.ts';
import { fuzzTide } from './tide.ts';

const USAGE = `npm run fuzz -- NAME [--runs N] [--seed N] [--failures N] [--jobs N]
                          [--faults N,N]

  log                records of the log, damaged ones too, read by the kernel and in TypeScript
  promql             random queries on random series: the engine beside the naive evaluator
  promql-prometheus  those on which Prometheus 2.42 and 3 agree: the collector beside Debian's
                     prometheus
  promql-steps       range queries with all of PromQL beside instant queries at their steps
  tide               agents and a collector in a simulated world of faults, one for each seed

  --runs N      cases in all (default 20000); --seeds is the same
  --seed N      where to begin; the same seed makes the same cases (default: random, printed)
  --failures N  go on until that many have been found (default 1)
  --jobs N      tide: threads to spread the seeds over (default: one for each core)
  --faults N,N  tide: leave out all faults but these, as a failure tells; none for no fault`;

const OPTIONS = {
  runs: { type: 'string', default: '20000' },
  seeds: { type: 'string' },
  seed: { type: 'string' },
  failures: { type: 'string', default: '1' },
  jobs: { type: 'string' },
  faults: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const FUZZERS = new Map([
  ['log', fuzzLog],
  ['promql', fuzzPromql],
  ['promql-prometheus', fuzzBesidePrometheus],
  ['promql-steps', fuzzPromqlSteps],
  ['tide', fuzzTide],
]);

/** Runs what the command line names; the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  const name = positionals.join();
  const fuzz = FUZZERS.get(name);
  if (values.help || fuzz === undefined) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const numbers = {
    runs: Number(values.seeds ?? values.runs),
    seed: Number(values.seed ?? Date.now() % 1_000_000_000),
    failures: Number(values.failures),
    ...(values.jobs === undefined ? {} : { jobs: Number(values.jobs) }),
  };
  for (const [flag, value] of Object.entries(numbers)) {
    if (Number.isSafeInteger(value) && value >= (flag === 'seed' ? 0 : 1)) continue;
    console.error(`--${flag} ${value}: want a whole number`);
    return 2;
  }
  const faults = values.faults
    ?.split(',')
    .filter((one) => one !== 'none')
    .map(Number);
  const options = { ...numbers, ...(faults === undefined ? {} : { faults }) };
  console.log(`${name}: ${options.runs} runs, seed ${options.seed}`);
  return (await fuzz(options, console.log)) === 0 ? 0 : 1;
}
