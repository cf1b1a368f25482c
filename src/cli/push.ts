import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { sendOneShot } from '../agent/index.ts';
import { AgentSetupError } from '../agent/index.ts';
import { isLegacyMetricName } from '../model/index.ts';
import { authorityFrom } from './ca-file.ts';
import {
  addCollectorFlags,
  type CollectorFlags,
  positiveDurationMs,
  scheduleOf,
  tokenFrom,
} from './collector-flags.ts';
import { counted } from './counted.ts';
import { readBuildInfo } from './version.ts';

const TEXT_TYPE = 'text/plain; version=0.0.4';
const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0';
const ATTEMPTS = 4;
const PAUSE_MS = 500;

export interface PushFlags extends CollectorFlags {
  readonly job: string;
  readonly instance?: string;
  readonly runId?: string;
  readonly seq: number;
  readonly final: boolean;
  readonly schedule?: string;
  readonly openmetrics?: boolean;
  readonly timeout: number;
}

const HELP = `
Examples:
  tidegauge push --job backup backup_files=1234 'backup_bytes{disk="sda"}=5.2e9'
  my-job --print-metrics | tidegauge push --job my-job
  tidegauge push --job nightly --schedule 1d rows_copied=10

Samples are NAME=VALUE or NAME{LABEL="VALUE",...}=VALUE; without any, standard input is read in the
text exposition format. A push is stored once however often it is sent: repeat it after a failure
with the same --run-id and --seq. Several pushes of one run count --seq up, all but the last with
--no-final.

With --schedule the collector expects the job that often: tidegauge_job_overdue{job="NAME"} becomes
1 when one and a half of that time went by without the end of a run.`;

/** Adds `tidegauge push`. */
export function addPushCommand(program: Command): void {
  const command = program
    .command('push')
    .argument('[samples...]', 'NAME=VALUE or \'NAME{LABEL="VALUE"}=VALUE\'')
    .summary('send samples once')
    .description('Sends samples of a short job to a collector, once.')
    .requiredOption('--job <name>', 'label job of all samples')
    .option('--instance <name>', 'label instance of all samples')
    .option('--run-id <id>', 'names this run (default: a new one)')
    .option('--seq <n>', 'number of this push within the run', seqOf, 1)
    .option('--no-final', 'more pushes of this run will follow')
    .option('--schedule <duration>', 'how often the job runs, such as 1h', scheduleOf)
    .option('--openmetrics', 'standard input is OpenMetrics')
    .addOption(
      new Option('--timeout <duration>', 'of one attempt')
        .argParser(positiveDurationMs)
        .default(10_000, '10s'),
    )
    .addHelpText('after', HELP);
  addCollectorFlags(command).action(async (samples: readonly string[], flags: PushFlags) => {
    const body =
      samples.length > 0 ? sampleLines(samples) : (await buffer(process.stdin)).toString('utf8');
    const result = await pushOnce(body, flags);
    const what = result.duplicate
      ? 'was stored before, nothing is done'
      : `${counted(result.stored, 'sample')} stored`;
    console.log(result.rejected > 0 ? `${what}, ${result.rejected} refused` : what);
    if (result.rejected > 0) process.exitCode = 1;
  });
}

/** Sends a body, in so many attempts. @throws CollectorRefusedError, AgentSetupError */
export function pushOnce(body: string, flags: PushFlags, attempts = ATTEMPTS) {
  if (body.trim() === '') {
    throw new AgentSetupError('nothing to push: want NAME=VALUE, or samples on standard input');
  }
  return sendOneShot(
    {
      job: flags.job,
      runId: flags.runId ?? randomUUID(),
      seq: flags.seq,
      instance: flags.instance,
      final: flags.final,
      schedule: flags.schedule,
      body: new TextEncoder().encode(body.endsWith('\n') ? body : `${body}\n`),
      contentType: flags.openmetrics === true ? OPENMETRICS_TYPE : TEXT_TYPE,
    },
    {
      collector: flags.collector,
      token: tokenFrom(flags),
      userAgent: `Tidegauge/${readBuildInfo().version}`,
      timeoutMs: flags.timeout,
      attempts,
      pauseMs: PAUSE_MS,
      tls: authorityFrom(flags),
    },
  );
}

/** Arguments as lines of the text format. @throws AgentSetupError */
export function sampleLines(samples: readonly string[]): string {
  return samples.map((sample) => `${lineOf(sample)}\n`).join('');
}

function lineOf(sample: string): string {
  const at = sample.lastIndexOf('=');
  const series = sample.slice(0, Math.max(0, at)).trim();
  const value = sample.slice(at + 1).trim();
  const name = series.includes('{') ? series.slice(0, series.indexOf('{')) : series;
  const isNumber =
    value !== '' && (!Number.isNaN(Number(value)) || /^(?:NaN|[+-]?Inf)$/.test(value));
  const isSeries = isLegacyMetricName(name) && (name === series || series.endsWith('}'));
  if (isNumber && isSeries) return `${series} ${value}`;
  throw new AgentSetupError(
    `sample ${JSON.stringify(sample)}, want NAME=VALUE or NAME{LABEL="VALUE"}=VALUE`,
  );
}

function seqOf(text: string): number {
  const seq = Number(text);
  if (Number.isSafeInteger(seq) && seq >= 1) return seq;
  throw new InvalidArgumentError('want a whole number from 1 on.');
}
