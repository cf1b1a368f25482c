import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ImportProgress, ImportResult } from '../exchange/index.ts';
import { IMPORT_STORAGE_OPTIONS, importPrometheus } from '../exchange/index.ts';
import { formatDuration } from '../model/index.ts';
import { openStorage, storageOptionsSchema } from '../storage/index.ts';
import { systemClock } from '../util/index.ts';
import type { Output } from './check-config.ts';
import { Progress } from './progress.ts';
import { counted } from './counted.ts';

const FAILED = 1;

/** Adds `import prometheus`. */
export function addImport(program: Command, dataDirDefault: string): void {
  program
    .command('import')
    .summary('store what another system wrote')
    .description('Stores what another system wrote.')
    .command('prometheus')
    .argument('<dir>', 'a block, a write-ahead log, a data folder or a snapshot')
    .summary('store blocks and logs of Prometheus')
    .description(
      'Copies the samples of a stopped Prometheus, or of a snapshot of it, into a store that no ' +
        'collector has open; made if need be. May be repeated: what is there already stays. Exit ' +
        'status 1 if anything could not be read.',
    )
    .option('--data <dir>', 'folder of the store', dataDirDefault)
    .action(async (directory: string, { data }: { data: string }) => {
      if (!(await runImport(directory, data, console))) process.exitCode = FAILED;
    });
}

/** Whether everything was read. */
async function runImport(directory: string, data: string, output: Output): Promise<boolean> {
  const progress = new Progress(systemClock, process.stderr);
  const storage = await openStorage({ ...IMPORT_STORAGE_OPTIONS, data_dir: resolve(data) });
  try {
    const result = await importPrometheus({
      storage,
      directory: resolve(directory),
      onProgress: (state) => progress.update(() => progressText(state)),
    });
    progress.finish();
    report(result, output);
    warnOfRetention(storage.stats(0).minTime, output);
    return problemsOf(result, output) === 0;
  } finally {
    progress.finish();
    await storage.close();
  }
}

function progressText(state: ImportProgress): string {
  const { sampleCount, seriesCount, doneCount, totalCount } = state;
  return (
    `imported ${counted(sampleCount, 'sample')} of ${seriesCount} series, ` +
    `${doneCount} of ${totalCount} blocks and log segments done`
  );
}

function report(result: ImportResult, output: Output): void {
  const { tally, blockCount, wals, deletedSampleCount } = result;
  const sources = `${counted(blockCount, 'block')} and ${counted(wals.length, 'log')}`;
  output.log(`${counted(tally.stored, 'sample')} of ${sources} stored`);
  const say = (count: number, what: string): void => {
    if (count > 0) output.log(`${counted(count, 'sample')} ${what}`);
  };
  say(tally.duplicate, 'stored before, with the same value');
  say(tally.conflict, 'left out: the store has another value there, which stays');
  say(tally.refused, 'refused by the store');
  say(deletedSampleCount, 'left out: deleted, as tombstones of blocks say');
  for (const { tally: wal } of wals) {
    say(wal.deletedSampleCount, 'left out: deleted, as tombstones say');
    say(wal.orphanCount, 'left out: of series that the log does not name');
    if (wal.unknownRecordCount > 0) {
      output.log(`${counted(wal.unknownRecordCount, 'record')} of an unknown type passed over`);
    }
    if (wal.torn === undefined) continue;
    output.log(`the last write to the log was cut off: ${wal.torn.message}`);
  }
}

/** Says what could not be read; how many such things there were. */
function problemsOf(result: ImportResult, output: Output): number {
  const problems = result.skippedBlocks.map(
    ({ folder, reason }) => `${folder}: left out, ${reason}`,
  );
  if (result.unknownChunkCount > 0) {
    problems.push(`${counted(result.unknownChunkCount, 'chunk')} of an unknown encoding left out`);
  }
  for (const { tally } of result.wals) {
    if (tally.unknownHistogramCount > 0) {
      const count = counted(tally.unknownHistogramCount, 'histogram');
      problems.push(`${count} of an unknown schema left out`);
    }
    if (tally.corrupt === undefined) continue;
    const { message, lostBytes, lostSegments } = tally.corrupt;
    const whole = counted(lostSegments, 'whole segment');
    const after = `${counted(lostBytes, 'byte')} from there on, ${whole} among them`;
    problems.push(`the log is damaged: ${message}; not read: ${after}`);
  }
  for (const problem of problems) output.error(problem);
  return problems.length;
}

/** History older than the collector keeps would be gone five minutes after its start. */
function warnOfRetention(minTime: number | undefined, output: Output): void {
  const { retention_ms: retentionMs } = storageOptionsSchema.parse({});
  if (minTime === undefined || minTime >= systemClock.now() - retentionMs) return;
  output.error(
    `the oldest sample is of ${new Date(minTime).toISOString()}: the collector drops what is older ` +
      `than tidegauge.storage.retention (default ${formatDuration(retentionMs)}); ` +
      'raise it before the start',
  );
}
