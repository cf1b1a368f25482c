import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { ExportProgress, ExportResult } from '../exchange/index.ts';
import { ExchangeError, exportPrometheus } from '../exchange/index.ts';
import type { TimeRange } from '../storage/index.ts';
import { openStorage } from '../storage/index.ts';
import { systemClock } from '../util/index.ts';
import type { Output } from './check-config.ts';
import { addImport } from './import.ts';
import { Progress } from './progress.ts';
import { counted } from './counted.ts';

const DATA_DIR_DEFAULT = './data';

interface ExportFlags {
  readonly data: string;
  readonly minTime?: number;
  readonly maxTime?: number;
}

/** Adds the commands that write and read the files of other systems. */
export function addExchangeCommands(program: Command): void {
  program
    .command('export')
    .summary('write what is stored for another system')
    .description('Writes what is stored in the form of another system.')
    .command('prometheus')
    .argument('<dir>', 'folder for the blocks; new or empty')
    .summary('write blocks of Prometheus')
    .description(
      'Writes the samples of a store that no collector has open as blocks, which Prometheus 2 and 3 ' +
        'serve when they are put into its data folder. Values are kept bit for bit; exemplars and ' +
        'metadata have no place in blocks.',
    )
    .option('--data <dir>', 'folder of the store', DATA_DIR_DEFAULT)
    .option('--min-time <time>', 'first time, RFC 3339 or Unix seconds', parseTime)
    .option('--max-time <time>', 'last time, RFC 3339 or Unix seconds', parseTime)
    .action((directory: string, flags: ExportFlags) => runExport(directory, flags, console));
  addImport(program, DATA_DIR_DEFAULT);
}

async function runExport(directory: string, flags: ExportFlags, output: Output): Promise<void> {
  const dataDir = resolve(flags.data);
  // Opening would make a store where there is none.
  if (!existsSync(join(dataDir, 'wal'))) {
    throw new ExchangeError('export_source', `no store in ${dataDir}; name its folder with --data`);
  }
  const progress = new Progress(systemClock, process.stderr);
  // Kept for ever, because exporting must not drop what the collector's settings keep.
  const storage = await openStorage({ data_dir: dataDir, retention_ms: 0 });
  try {
    const result = await exportPrometheus({
      storage,
      directory,
      range: rangeOf(flags),
      clock: systemClock,
      random: randomBytes,
      onProgress: (state) => progress.update(() => progressText(state)),
    });
    progress.finish();
    report(result, directory, output);
  } finally {
    progress.finish();
    await storage.close();
  }
}

function rangeOf({ minTime, maxTime }: ExportFlags): Partial<TimeRange> {
  return {
    ...(minTime === undefined ? {} : { minTime }),
    ...(maxTime === undefined ? {} : { maxTime }),
  };
}

function progressText({ blockCount, sampleCount, done }: ExportProgress): string {
  const percent = Math.floor(100 * done);
  return `exported ${counted(sampleCount, 'sample')} in ${counted(blockCount, 'block')}, ${percent} % of the time range`;
}

function report({ blocks, customHistogramCount }: ExportResult, to: string, output: Output): void {
  let samples = 0;
  for (const { ulid, minTime, maxTime, stats } of blocks) {
    const count = stats.floatSampleCount + stats.histogramSampleCount;
    samples += count;
    output.log(
      `${ulid}  ${isoTime(minTime)} to ${isoTime(maxTime)}  ` +
        `${stats.seriesCount} series, ${counted(count, 'sample')}`,
    );
  }
  output.log(`${counted(samples, 'sample')} in ${counted(blocks.length, 'block')}, ${to}`);
  if (customHistogramCount === 0) return;
  output.error(
    `${customHistogramCount} histograms have custom buckets: Prometheus reads them from 3.0 on`,
  );
}

function isoTime(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString();
}

function parseTime(text: string): number {
  const isNumber = /^-?\d+(?:\.\d+)?$/.test(text);
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i.test(text);
  const timeMs = isNumber ? Math.round(1000 * Number(text)) : Date.parse(text);
  if ((isNumber || isDate) && Number.isSafeInteger(timeMs)) return timeMs;
  throw new InvalidArgumentError('want a time such as 2025-06-01T00:00:00Z or 1748736000.');
}
