import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import {
  describeRun,
  FULL_TIMES,
  htmlReport,
  markdownReport,
  type LabOptions,
  type LabTimes,
  QUICK_TIMES,
  runLab,
  STRATEGIES,
  STRATEGY_NAMES,
  type StrategyName,
  textReport,
} from '../lab/index.ts';
import { parseDuration } from '../model/index.ts';

export interface LabFlags {
  readonly quick?: boolean;
  readonly seed: number;
  readonly agents?: number;
  readonly series?: number;
  readonly interval: number;
  readonly partition?: number;
  readonly strategies: readonly StrategyName[];
  readonly json?: string;
  readonly html?: string;
  readonly markdown?: string;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** Exit status, as shells have it for SIGINT. */
const INTERRUPTED = 130;
const INTERVAL_MS_MIN = 100;
/** What the values of the load can tell apart. */
const AGENTS_MAX = 900;
const SERIES_MAX = 100_000;

const HELP = `
Examples:
  tidegauge lab
  tidegauge lab --quick
  tidegauge lab --strategies pull,hybrid --partition 2m --html report.html

One generated load is collected by each strategy in turn, each by a collector process of its own
with an empty store, over a network (a proxy on loopback) that delays, loses, parts and slows. What
every figure means stands in docs/lab.md. The default takes less than five minutes, --quick one.`;

/** Adds `tidegauge lab`. */
export function addLabCommand(program: Command): void {
  program
    .command('lab')
    .summary('compare ways to collect')
    .description('Measures pull, push and the hybrid session under the same load and faults.')
    .option('--quick', 'shorter phases and a smaller load: coarse figures')
    .option('--seed <number>', 'of everything random', wholeNumber(0, 2 ** 32 - 1), 1)
    .option(
      '--agents <number>',
      'agents (default: 20; 10 with --quick)',
      wholeNumber(1, AGENTS_MAX),
    )
    .option(
      '--series <number>',
      'series of each (default: 250; 100 with --quick)',
      wholeNumber(1, SERIES_MAX),
    )
    .addOption(
      new Option('--interval <duration>', 'between two samples of a series')
        .argParser(intervalOf)
        .default(1000, '1s'),
    )
    .option('--partition <duration>', 'how long the network is parted (default: 1m)', durationOf)
    .addOption(
      new Option('--strategies <list>', `of ${STRATEGY_NAMES.join(', ')}`)
        .argParser(strategiesOf)
        .default(STRATEGY_NAMES, 'all'),
    )
    .option('--json <file>', 'write all figures there, too')
    .option('--html <file>', 'write a page with table and plots there, too')
    .option('--markdown <file>', 'write the table there as Markdown, too')
    .addHelpText('after', HELP)
    .action(async (flags: LabFlags) => {
      await labCommand(flags, ownCommand());
    });
}

/** The command line that this process was started with, to start collectors. */
function ownCommand(): readonly [string, ...string[]] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}

/** Runs the lab, and shows and writes what it measured. @throws LabError */
export async function labCommand(
  flags: LabFlags,
  command: readonly [string, ...string[]],
): Promise<void> {
  const options = optionsOf(flags, command);
  // Leaving in good order ends all processes and removes what they stored.
  for (const signal of SIGNALS) process.once(signal, () => process.exit(INTERRUPTED));
  const begin = performance.now();
  console.error(`${describeRun(options)}: ${options.strategies.join(', ')}`);
  const result = await runLab(options, (strategy, what) => {
    const seconds = ((performance.now() - begin) / 1000).toFixed(0).padStart(4);
    console.error(`${seconds} s  ${STRATEGIES[strategy].title}: ${what}`);
  });
  console.log(textReport(result));
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(result, null, 1)}\n`);
  if (flags.markdown !== undefined) await writeFile(flags.markdown, markdownReport(result));
  if (flags.html !== undefined) await writeFile(flags.html, htmlReport(result));
}

function optionsOf(flags: LabFlags, command: readonly [string, ...string[]]): LabOptions {
  const { quick = false, seed, strategies, interval, partition } = flags;
  const times: LabTimes = quick ? QUICK_TIMES : FULL_TIMES;
  return {
    strategies,
    seed,
    agents: flags.agents ?? (quick ? 10 : 20),
    series: flags.series ?? (quick ? 100 : 250),
    intervalMs: interval,
    times: partition === undefined ? times : { ...times, partitionMs: partition },
    command,
  };
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`want a whole number from ${min} to ${max}.`);
  };
}

function durationOf(text: string): number {
  const durationMs = parseDuration(text) ?? 0;
  if (durationMs > 0) return durationMs;
  throw new InvalidArgumentError('want a duration such as 30s or 2m.');
}

function intervalOf(text: string): number {
  const intervalMs = durationOf(text);
  if (intervalMs >= INTERVAL_MS_MIN) return intervalMs;
  throw new InvalidArgumentError(`want at least ${INTERVAL_MS_MIN}ms.`);
}

function strategiesOf(text: string): readonly StrategyName[] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !STRATEGY_NAMES.some((known) => known === name));
  if (unknown === undefined) return STRATEGY_NAMES.filter((name) => wanted.includes(name));
  throw new InvalidArgumentError(
    `${JSON.stringify(unknown)} is none; want some of ${STRATEGY_NAMES.join(',')}.`,
  );
}
