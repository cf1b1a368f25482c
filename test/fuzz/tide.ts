import { availableParallelism } from 'node:os';
import type { FuzzOptions } from './promql.ts';
import { type SeedFailure, type SeedOutcome, SeedPool } from './seed-pool.ts';

/** Between two looks at how far it is: on a terminal, and in a file. */
const TERMINAL_MS = 500;
const FILE_MS = 15_000;

const SUMMED = [
  'sealed',
  'stored',
  'repaired',
  'duplicates',
  'lostSequences',
  'lostTicks',
  'fencedZombies',
  'fencedClones',
  'silentlyLost',
  'foldedSequences',
] as const;

/** What a run has seen so far. */
class Tally {
  readonly #startMs = performance.now();
  readonly #wanted: number;
  readonly #sum = Object.fromEntries(SUMMED.map((name) => [name, 0]));
  done = 0;
  failed = 0;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  add({ result, failure }: SeedOutcome): void {
    this.done++;
    if (failure !== undefined) this.failed++;
    for (const name of SUMMED) this.#sum[name] = (this.#sum[name] ?? 0) + (result?.[name] ?? 0);
  }

  /** How far it is, how fast it goes, and how long it will take. */
  get progress(): string {
    const rate = this.done / this.#seconds;
    const left = Math.ceil((this.#wanted - this.done) / Math.max(rate, 1e-3));
    const of = `${this.done} of ${this.#wanted} seeds, ${this.failed} failed`;
    return `${of}, ${rate.toFixed(1)} a second, ${timeText(left)} left`;
  }

  get end(): string {
    const { user, system } = process.cpuUsage();
    const cpu = timeText(Math.round((user + system) / 1e6));
    const took = `in ${timeText(Math.round(this.#seconds))}, ${cpu} of CPU`;
    return `${this.done} seeds, ${this.failed} failed, ${took}; ${JSON.stringify(this.#sum)}`;
  }

  get #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }
}

/**
 * Lives of agents and a collector, one for each seed, spread over threads; the number of seeds that
 * failed. An interrupt ends it, and says where to go on.
 */
export async function fuzzTide(
  { runs, seed, failures, jobs = availableParallelism(), faults }: FuzzOptions,
  print: (line: string) => void,
): Promise<number> {
  const tally = new Tally(runs);
  let given = 0;
  const open = new Set<number>();
  const pool = new SeedPool({
    threads: Math.min(jobs, runs),
    next: () => {
      if (given === runs || tally.failed >= failures) return undefined;
      open.add(seed + given);
      return { seed: seed + given++, faults };
    },
    done: (outcome) => {
      open.delete(outcome.seed);
      tally.add(outcome);
      if (outcome.failure === undefined) return;
      clearLine();
      for (const line of failureLines(outcome.seed, outcome.failure)) print(line);
    },
  });
  const interrupted = (): void => {
    pool.stop();
    clearLine();
    print(`interrupted: ${tally.end}`);
    const from = Math.min(seed + given, ...open);
    print(`go on: npm run fuzz -- tide --seed ${from} --seeds ${seed + runs - from}`);
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const { isTTY } = process.stderr;
  const timer = setInterval(
    () => (isTTY ? process.stderr.write(`\r${tally.progress}\u001b[K`) : print(tally.progress)),
    isTTY ? TERMINAL_MS : FILE_MS,
  );
  await pool.run();
  clearInterval(timer);
  process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  clearLine();
  print(tally.end);
  return tally.failed;
}

function failureLines(seed: number, { message, story = [], faults }: SeedFailure): string[] {
  const replay = `npm run fuzz -- tide --seed ${seed} --seeds 1`;
  const lines = [`FAILED: ${message}`, ...story.map((line) => `  ${line}`), `replay: ${replay}`];
  if (faults === undefined) return lines;
  const some = faults.length === 0 ? 'none' : faults.join();
  return [...lines, `told above, with fewer faults: ${replay} --faults ${some}`];
}

function clearLine(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

function timeText(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
