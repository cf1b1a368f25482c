import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ledgerSums } from './hybrid-agents.ts';
import type { AgentLoad } from './hybrid-loads.ts';
import { type Declared, OverloadRig, type Rates } from './hybrid-overload-rig.ts';
import { aligned } from './support/comparison.ts';
import { startServer } from './support/servers.ts';
import { median } from './support/statistics.ts';

export const OVERLOAD_USAGE = `npm run bench -- overload [OPTIONS]

A collector gets ever smaller parts of a core (it is stopped when it has used more) until it cannot
store all that its agents send. With that part, in turns: those agents alone, which is its capacity,
and then as many again, so that it is sent twice what it can take. How much it stores, how long
batches wait for the store, whether what is not there is what the ledgers say is not there, and what
became of it once the collector has the whole core again. Ten to twelve minutes.

  --agents N    of one half of the load (default 500)  --series N   of each, at 1 s (default 1000)
  --rounds N    capacity and overload (default 2)      --seconds N  of each (default 60)
  --duty N      the part of a core, where it is known`;

const OPTIONS = {
  agents: { type: 'string', default: '500' },
  series: { type: 'string', default: '1000' },
  rounds: { type: 'string', default: '2' },
  // About as long as a checkpoint goes on, which takes a part of the CPU.
  seconds: { type: 'string', default: '60' },
  duty: { type: 'string' },
} as const;

/** The first part of a core that is tried, of what all of the load takes without a limit. */
const FIRST_FACTOR = 0.85;
/** What is left of a core's part from step to step. */
const STEP_FACTOR = 0.85;
const STEPS_MAX = 14;
const STEP_SECONDS = 10;
/** A new process gets cheaper for a while, as its code is compiled. */
const WARM_MS = 40_000;
/** Of what is offered; with more the collector is not at its capacity. */
const KEPT_UP_SHARE = 0.95;
/** Before anything is measured: what was granted before comes in, and agents gather more ticks. */
const SETTLE_MS = 20_000;
const GOODPUT_SHARE_MIN = 0.95;
const QUEUE_P99_MS_MAX = 1000;
const QUEUE_MS_MAX = 2500;
/** Agents that sample less of their ticks are short of CPU themselves. */
const OFFERED_SHARE_MIN = 0.9;
/** A collector that used less of its part, and waited for the machine, did not get it. */
const DUTY_SHARE_MIN = 0.95;

interface Round {
  readonly capacity: Rates;
  readonly overload: Rates;
}

type Sums = Awaited<ReturnType<typeof ledgerSums>>;

/** `npm run bench -- overload`; exit status 1 where a goal is missed or a figure is not valid. */
export async function runOverloadBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const half = { agents: Number(values.agents), series: Number(values.series) };
  const seconds = Number(values.seconds);
  const server = await startServer('tidegauge');
  const rig = new OverloadRig(server, half);
  try {
    await rig.add();
    const rounds: Round[] = [];
    await sleep(WARM_MS);
    const found = values.duty === undefined ? await findDuty(rig) : undefined;
    let duty = found?.duty ?? Number(values.duty);
    let declared: Declared | undefined;
    let during: Sums | undefined;
    while (rounds.length < Number(values.rounds)) {
      const capacity = await limited(rig, duty, seconds, 'capacity');
      rig.limit(undefined);
      if (capacity.stored > KEPT_UP_SHARE * capacity.offered && duty > 0.01) {
        // Of more than it was sent nobody knows how much it can take.
        duty *= STEP_FACTOR;
        continue;
      }
      await rig.add();
      const overload = await limited(rig, duty, seconds, 'twice the agents');
      rounds.push({ capacity, overload });
      if (rounds.length === Number(values.rounds)) {
        during = await ledgerSums(server.queryUrl);
        declared = await rig.declared();
      }
      rig.limit(undefined);
      await rig.healed();
      if (declared === undefined) await rig.remove();
    }
    const after = await rig.healed();
    await rig.stop();
    const { residentBytes, peakBytes } = server.usage();
    const wrong = await rig.disagreements();
    const memory = [megabytes(residentBytes), `at the end, peak ${megabytes(peakBytes)}`];
    const keptUp = found?.keptUp;
    return report({ half, duty, keptUp, rounds, declared, during, after, wrong, memory });
  } finally {
    await rig.stop();
    await server.stop();
  }
}

/**
 * The part of a core with which the collector falls short of what there is of the load, and what
 * it did with the last part with which it did not.
 */
async function findDuty(rig: OverloadRig): Promise<{ duty: number; keptUp: Rates }> {
  const free = await rig.rates(STEP_SECONDS);
  say('with the whole core', free);
  if (free.offered < OFFERED_SHARE_MIN * rig.wanted) {
    throw new Error('the machine is too busy for this load: give --agents less, or wait');
  }
  let duty = free.duty * FIRST_FACTOR;
  let keptUp = free;
  for (let step = 0; step < STEPS_MAX; step++) {
    const rates = await limited(rig, duty, STEP_SECONDS, 'is that too little');
    if (rates.stored < KEPT_UP_SHARE * rates.offered) return { duty, keptUp };
    keptUp = rates;
    duty *= STEP_FACTOR;
  }
  throw new Error(`${STEPS_MAX} steps were not too little: give --series more`);
}

async function limited(
  rig: OverloadRig,
  duty: number,
  seconds: number,
  what: string,
): Promise<Rates> {
  rig.limit(duty);
  await sleep(SETTLE_MS);
  const rates = await rig.rates(seconds);
  say(`${percent(duty)} of a core, ${what}`, rates);
  return rates;
}

function say(what: string, rates: Rates): void {
  const { offered, stored, duty, waited, queueP50Ms, queueP99Ms } = rates;
  console.log(
    `${what}: offered ${thousands(offered)}/s, stored ${thousands(stored)}/s ` +
      `(${percent(stored / offered)}) with ${percent(duty)} of a core, waited for it ` +
      `${percent(waited)} of the time; queue ${queueP50Ms} ms, 99 % ${queueP99Ms} ms`,
  );
}

interface Outcome {
  readonly half: AgentLoad;
  readonly duty: number;
  /** With the least part of a core with which it took all; undefined where that was given. */
  readonly keptUp: Rates | undefined;
  readonly rounds: readonly Round[];
  readonly declared: Declared | undefined;
  readonly during: Sums | undefined;
  readonly after: Sums;
  readonly wrong: readonly string[];
  readonly memory: readonly string[];
}

function report(outcome: Outcome): number {
  const { duty, keptUp, rounds, declared, during, after, wrong, memory } = outcome;
  const shares = rounds.map(({ capacity, overload }) => overload.stored / capacity.stored);
  const costs = rounds.map(({ capacity, overload }) => {
    return overload.perCpuSecond / capacity.perCpuSecond;
  });
  const of = (one: (round: Round) => number): string => spread(rounds.map(one), thousands);
  const most = (one: (rates: Rates) => number): number =>
    Math.max(...rounds.map(({ overload }) => one(overload)));
  const imbalance = (during?.imbalance ?? 0) + after.imbalance;
  const unexplained = Math.abs((declared?.absent ?? 0) - (declared?.declared ?? 0));
  const untrue = unexplained + (declared?.wrong ?? 0) + wrong.length;
  const rows = [
    [
      'capacity',
      of(({ capacity }) => capacity.stored),
      `samples/s with ${percent(duty)} of a core`,
    ],
    ['offered', of(({ overload }) => overload.offered), `${ratios(rounds)} times that`],
    ['stored', of(({ overload }) => overload.stored), 'samples/s'],
    ['for a second of CPU', spread(costs, percent), 'of what it is at capacity'],
    ...(keptUp === undefined ? [] : [keptUpRow(keptUp, rounds)]),
    ['memory', ...memory],
    ['stored in the end', thousands(after.stored), restOf(after)],
    ...(declared === undefined ? [] : declaredRows(declared)),
  ];
  const goals = [
    goal(
      'goodput, of capacity',
      spread(shares, percent),
      '>= 95 %',
      median(shares) >= GOODPUT_SHARE_MIN,
    ),
    goalMs(
      'batch in the queue, 99 %',
      most(({ queueP99Ms }) => queueP99Ms),
      QUEUE_P99_MS_MAX,
    ),
    goalMs(
      'batch in the queue, all',
      most(({ queueMaxMs }) => queueMaxMs),
      QUEUE_MS_MAX,
    ),
    goal('declared, but there, or not declared', String(untrue), '0', untrue === 0),
    goal('imbalance of the ledgers', String(imbalance), '0', imbalance === 0),
  ];
  console.log(`\n${aligned(rows)}\n\n${aligned([['', '', 'goal', ''], ...goals])}`);
  for (const line of wrong) console.log(line);
  const faults = rounds.flatMap((round) => faultsOf(round, outcome));
  for (const fault of new Set(faults)) console.log(`NOT VALID: ${fault}`);
  return faults.length === 0 && goals.every((row) => row.at(-1) === 'met') ? 0 : 1;
}

function keptUpRow(keptUp: Rates, rounds: readonly Round[]): string[] {
  const shares = rounds.map(({ overload }) => overload.perCpuSecond / keptUp.perCpuSecond);
  const most = `of what it is where it takes all, with ${percent(keptUp.duty)} of a core`;
  return ['', spread(shares, percent), most];
}

/** Why what a round says is not what the collector can do. */
function faultsOf({ capacity, overload }: Round, { half, duty }: Outcome): string[] {
  const faults: string[] = [];
  const wanted = 2 * half.agents * half.series;
  if (overload.offered < OFFERED_SHARE_MIN * wanted) {
    faults.push('the agents had no CPU to sample all of their ticks');
  }
  for (const rates of [capacity, overload]) {
    const lackingDuty = DUTY_SHARE_MIN * duty - rates.duty;
    if (lackingDuty > 0 && rates.waited > lackingDuty) {
      faults.push('others had the machine, and the collector not its part of a core');
    }
  }
  return faults;
}

function declaredRows(declared: Declared): string[][] {
  const { agents, missing, shed, failed, lost } = declared;
  const counts = [`deferred ${missing}`, `shed ${shed}`, `not sampled ${failed}`, `lost ${lost}`];
  return [
    [
      'not stored',
      String(declared.declared),
      `of ${declared.scheduled} by the ledgers of ${agents} agents at the end of the overload ` +
        `(${counts.join(', ')})`,
    ],
    ['not in the store', String(declared.absent), `by value; ${declared.wrong} wrong values`],
  ];
}

function restOf({ scheduled, shed, failed, lost, missing }: Sums): string {
  return (
    `of ${thousands(scheduled)}: ${thousands(shed)} declared shed, ` +
    `${thousands(failed)} not sampled, ${thousands(lost)} lost, ${thousands(missing)} not here yet`
  );
}

function ratios(rounds: readonly Round[]): string {
  const values = rounds.map(({ capacity, overload }) => overload.offered / capacity.stored);
  return spread(values, (value) => value.toFixed(2));
}

function goal(title: string, value: string, wanted: string, isMet: boolean): string[] {
  return [title, value, wanted, isMet ? 'met' : 'MISSED'];
}

function goalMs(title: string, value: number, max: number): string[] {
  return goal(title, `<= ${value} ms`, `<= ${max} ms`, value <= max);
}

/** Median, least and most. */
function spread(values: readonly number[], text: (value: number) => string): string {
  const middle = text(median(values));
  if (values.length < 2) return middle;
  return `${middle} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function megabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e6).toFixed(0)} MB`;
}

function thousands(count: number): string {
  return `${(count / 1000).toFixed(1)}k`;
}
