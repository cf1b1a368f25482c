import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../model/index.ts';
import type { Clock } from '../util/index.ts';
import { systemClock } from '../util/index.ts';
import { addCaFileFlag, authorityFrom, type CaFileFlags } from './ca-file.ts';
import type { Output } from './check-config.ts';
import { collectorOption } from './collector-flags.ts';
import type { Answer, QueryParams } from './query/ask-server.ts';
import { askServer } from './query/ask-server.ts';
import { plotLines } from './query/plot.ts';
import { tableLines } from './query/table.ts';

const FORMATS = ['table', 'json', 'plot'] as const;

export interface QueryFlags extends CaFileFlags {
  readonly url: string;
  /** Milliseconds; undefined: at one time. */
  readonly range?: number;
  readonly step?: number;
  /** Given the time now, in milliseconds. */
  readonly time?: (nowMs: number) => number;
  readonly format?: (typeof FORMATS)[number];
}

/** The terminal that is written to. */
export interface Terminal {
  readonly output: Output;
  /** Undefined where it is none. */
  readonly columns: number | undefined;
  readonly useColour: boolean;
}

const DEFAULT_WIDTH = 80;
/** Odd, so that the label in the middle is that of half the way. */
const PLOT_HEIGHT = 15;
const MIN_STEP_MS = 1000;

const HELP = `
Examples:
  tidegauge query up
  tidegauge query 'sum by (job) (up)'
  tidegauge query 'sum by (mode) (rate(node_cpu_seconds_total[1m]))' --range 1h
  tidegauge query 'up == 0' --time 2025-06-01T12:00:00Z
  tidegauge query up --time=-30m
  tidegauge query 'topk(5, scrape_duration_seconds)' --format json
  tidegauge query up --url http://127.0.0.1:9090

Without --range the expression is evaluated at one time and shown as a table; with it, over the
time up to --time, as a plot. The server may be any that has Prometheus's query API.

Of PromQL in one minute:
  up                            the newest value of each series of that name
  up{job="node", zone=~"a|b"}   of those whose labels match
  rate(requests_total[5m])      how fast a counter grows, per second, over five minutes
  sum by (job) (...)            added up for each job; also avg, min, max, count, topk(3, ...)
  a / b                         of series with the same labels`;

/** Adds `tidegauge query`. */
export function addQueryCommand(program: Command): void {
  addCaFileFlag(program.command('query'))
    .argument('<expr>', 'PromQL expression; - reads it from standard input')
    .summary('evaluate PromQL')
    .description('Has a running collector evaluate a PromQL expression and shows the answer.')
    .option('--range <duration>', 'evaluate over that much time, such as 1h', positiveDuration)
    .option(
      '--step <duration>',
      'between two evaluations (default: fits the plot)',
      positiveDuration,
    )
    .option('--time <time>', 'RFC 3339, Unix seconds, or before now as -1h (default: now)', timeOf)
    .addOption(collectorOption('--url <url>', 'server'))
    .addOption(new Option('--format <format>', 'how to show the answer').choices(FORMATS))
    .addHelpText('after', HELP)
    .action(async (given: string, flags: QueryFlags) => {
      const expr = given === '-' ? (await buffer(process.stdin)).toString('utf8') : given;
      await queryCommand(expr.trimEnd(), flags, { clock: systemClock, terminal: ownTerminal() });
    });
}

function ownTerminal(): Terminal {
  const { isTTY, columns } = process.stdout;
  return { output: console, columns: isTTY ? columns : undefined, useColour: showsColour(isTTY) };
}

/** As no-color.org asks. */
function showsColour(isTerminal: boolean): boolean {
  return isTerminal && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

/** Asks and shows. @throws QueryCommandError */
export async function queryCommand(
  expr: string,
  flags: QueryFlags,
  { clock, terminal }: { readonly clock: Pick<Clock, 'now'>; readonly terminal: Terminal },
): Promise<void> {
  const span = spanOf(flags, clock, terminal);
  const answer = await askServer(flags.url, paramsOf(expr, flags, span), authorityFrom(flags));
  const { output } = terminal;
  for (const line of linesOf(answer, flags, span, terminal)) output.log(line);
  for (const warning of answer.warnings) output.error(`warning: ${warning}`);
  for (const info of answer.infos) output.error(`info: ${info}`);
}

/** When the expression is evaluated, in milliseconds. */
interface TimeSpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

function spanOf(
  { range = 0, step, time }: QueryFlags,
  clock: Pick<Clock, 'now'>,
  { columns = DEFAULT_WIDTH }: Terminal,
): TimeSpan {
  const now = clock.now();
  const endMs = time === undefined ? now : time(now);
  // A point for each column; whole seconds are easier to read.
  const fitting = Math.ceil(range / columns / 1000) * 1000;
  return { startMs: endMs - range, endMs, stepMs: step ?? Math.max(MIN_STEP_MS, fitting) };
}

function paramsOf(
  query: string,
  { range, time }: QueryFlags,
  { startMs, endMs, stepMs }: TimeSpan,
): QueryParams {
  const seconds = (ms: number): string => String(ms / 1000);
  if (range === undefined) return time === undefined ? { query } : { query, time: seconds(endMs) };
  return { query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) };
}

function linesOf(
  { text, data }: Answer,
  { range, format }: QueryFlags,
  span: TimeSpan,
  { columns = DEFAULT_WIDTH, useColour }: Terminal,
): string[] {
  const shown = format ?? (range === undefined ? 'table' : 'plot');
  if (shown === 'json') return [text.trimEnd()];
  // What has no time to draw over is a table however it was asked for.
  if (shown === 'table' || data.resultType !== 'matrix' || range === undefined) {
    return tableLines(data, columns);
  }
  return plotLines(data.result, { ...span, width: columns, height: PLOT_HEIGHT, useColour });
}

function positiveDuration(text: string): number {
  const durationMs = parseDuration(text) ?? Math.round(1000 * numberOf(text));
  if (durationMs > 0) return durationMs;
  throw new InvalidArgumentError('want a duration such as 30s, 1h or 1d12h, or seconds.');
}

function timeOf(text: string): (nowMs: number) => number {
  const beforeMs = text.startsWith('-') ? parseDuration(text.slice(1)) : undefined;
  if (beforeMs !== undefined) return (nowMs) => nowMs - beforeMs;
  const isDate = /^\d{4}-\d\d-\d\dT/.test(text);
  const timeMs = isDate ? Date.parse(text) : Math.round(1000 * numberOf(text));
  if (Number.isSafeInteger(timeMs)) return () => timeMs;
  throw new InvalidArgumentError('want a time such as 2025-06-01T12:00:00Z, 1748779200, or -30m.');
}

function numberOf(text: string): number {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
}
