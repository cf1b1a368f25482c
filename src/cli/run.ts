import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CollectorRefusedError } from '../agent/index.ts';
import { messageOf } from '../model/index.ts';
import { addCollectorFlags, type CollectorFlags, scheduleOf } from './collector-flags.ts';
import { counted } from './counted.ts';
import { pushOnce } from './push.ts';
import { ScheduleDeclaration } from './schedule-declaration.ts';

/** Where the job may write metrics of its own. */
const METRICS_VARIABLE = 'TIDEGAUGE_METRICS_FILE';
const METRICS_BYTES_MAX = 8 * 1024 * 1024;
const PUSH_TIMEOUT_MS = 10_000;
/** Numbers of what a run pushes: its start, what the job said, its end. */
const START_SEQ = 0;
const OWN_SEQ = 1;
const END_SEQ = 2;
/** As a shell says that a command cannot be run, or is not there. */
const CANNOT_RUN = 126;
const NOT_FOUND = 127;
/** A shell's status of a command that a signal ended is this and the signal's number. */
const SIGNAL_BASE = 128;
const PASSED_ON: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
];

export interface RunFlags extends CollectorFlags {
  readonly job: string;
  readonly instance?: string;
  readonly runId?: string;
  readonly schedule?: string;
}

interface NamedRun extends RunFlags {
  readonly runId: string;
}

/** How a job ended. */
export interface JobEnd {
  /** As a shell gives it. */
  readonly status: number;
  readonly startMs: number;
  readonly endMs: number;
}

const HELP = `
Examples:
  tidegauge run --job backup -- /usr/local/bin/backup --full
  tidegauge run --job nightly --schedule 1d -- ./nightly.sh
  0 * * * *  tidegauge run --job hourly --schedule 1h -- /opt/hourly     (in a crontab)

Pushed when the command ends, with the labels job and instance:
  job_duration_seconds             how long it ran
  job_exit_code                    its exit status; 128 and more: ended by a signal
  job_success                      1 where that is 0
  job_start_time_seconds, job_end_time_seconds
and what the command wrote, in the text format, into the file named by ${METRICS_VARIABLE}:
  echo "rows_copied 1234" >> "$${METRICS_VARIABLE}"

Signals go on to the command, and its exit status is that of this program. A collector that cannot
be reached changes nothing of that: it is said on standard error.

With --schedule the collector expects the job that often: tidegauge_job_overdue{job="NAME"} becomes
1 when one and a half of that time went by without the end of a run. It is told so, with
job_start_time_seconds, before the command starts: a run that is killed is missed, also the first.`;

/** Adds `tidegauge run`. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .argument('<command...>', 'the command and its arguments, after --')
    .summary('run a job and push how it went')
    .description('Runs a short job and pushes its duration, its exit code and its own metrics.')
    .requiredOption('--job <name>', 'label job of all samples')
    .option('--instance <name>', 'label instance of all samples')
    .option('--run-id <id>', 'names this run (default: a new one)')
    .option('--schedule <duration>', 'how often the job runs, such as 1h', scheduleOf)
    .passThroughOptions()
    .addHelpText('after', HELP);
  addCollectorFlags(command).action(async (words: readonly string[], flags: RunFlags) => {
    process.exitCode = await runJob(words, flags, (text) => console.error(text));
  });
}

/**
 * Runs the command to its end, pushes, and resolves with its exit status. A schedule is told
 * before; `pauseMs` is between the first two attempts at that.
 */
export async function runJob(
  words: readonly string[],
  flags: RunFlags,
  say: (text: string) => void,
  pauseMs?: number,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-run-'));
  const metricsFile = join(folder, 'metrics.prom');
  const run = { ...flags, runId: flags.runId ?? randomUUID() };
  try {
    const declaration = await declareSchedule(run, say, pauseMs);
    const end = await execute(words, metricsFile, say);
    declaration?.stop();
    await report(end, metricsFile, run, say);
    return end.status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function declareSchedule(
  run: NamedRun,
  say: (text: string) => void,
  pauseMs: number | undefined,
): Promise<ScheduleDeclaration | undefined> {
  if (run.schedule === undefined) return undefined;
  const body = startMetric(Date.now());
  return ScheduleDeclaration.begin({
    // What `pushOnce` throws at once, of flags that are wrong, is to be a rejection, too.
    tell: async (timeout) => pushOnce(body, { ...run, seq: START_SEQ, final: false, timeout }, 1),
    say,
    ...(pauseMs === undefined ? {} : { pauseMs }),
  });
}

function execute(
  [command = '', ...args]: readonly string[],
  metricsFile: string,
  say: (text: string) => void,
): Promise<JobEnd> {
  const startMs = Date.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, [METRICS_VARIABLE]: metricsFile },
    });
    const handlers = PASSED_ON.map((signal) => {
      const handler = (): void => void child.kill(signal);
      process.on(signal, handler);
      return [signal, handler] as const;
    });
    const ended = (status: number): void => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      resolve({ status, startMs, endMs: Date.now() });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      say(`tidegauge: ${command} cannot be run: ${messageOf(error)}`);
      ended(error.code === 'ENOENT' ? NOT_FOUND : CANNOT_RUN);
    });
    child.on('exit', (code, signal) => {
      const number = signal === null ? 0 : constants.signals[signal];
      ended(code ?? SIGNAL_BASE + number);
    });
  });
}

async function report(
  end: JobEnd,
  metricsFile: string,
  run: NamedRun,
  say: (text: string) => void,
): Promise<void> {
  // What the job says of itself goes apart: a fault in it must not cost what is known for sure.
  const common = { ...run, timeout: PUSH_TIMEOUT_MS };
  const own = ownMetrics(metricsFile, say);
  try {
    if (own !== '') {
      const { rejected } = await pushOnce(own, { ...common, seq: OWN_SEQ, final: false });
      if (rejected > 0) say(`tidegauge: ${counted(rejected, 'sample')} of the job's own refused`);
    }
  } catch (error) {
    say(`tidegauge: the job's own metrics were not pushed: ${messageOf(error)}`);
    if (error instanceof CollectorRefusedError && error.status === 0) return;
  }
  try {
    await pushOnce(jobMetrics(end), { ...common, seq: END_SEQ, final: true });
  } catch (error) {
    say(`tidegauge: the end of the job was not pushed: ${messageOf(error)}`);
  }
}

function ownMetrics(file: string, say: (text: string) => void): string {
  if (!existsSync(file)) return '';
  const { size } = statSync(file);
  if (size <= METRICS_BYTES_MAX) return readFileSync(file, 'utf8').trim();
  say(`tidegauge: ${file} of ${size} bytes, want at most ${METRICS_BYTES_MAX}: left out`);
  return '';
}

/** What is known of a job without its help, in the text format. */
export function jobMetrics({ status, startMs, endMs }: JobEnd): string {
  return [
    gauge('job_duration_seconds', 'How long the job ran.', (endMs - startMs) / 1000),
    gauge('job_exit_code', 'Exit status of the job; 128 and a signal where one ended it.', status),
    gauge('job_success', 'Whether the job ended with status 0.', status === 0 ? 1 : 0),
    startMetric(startMs),
    gauge('job_end_time_seconds', 'When the job ended.', endMs / 1000),
  ].join('');
}

function startMetric(startMs: number): string {
  return gauge('job_start_time_seconds', 'When the job began.', startMs / 1000);
}

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
}
