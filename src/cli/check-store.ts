import { checkStore } from '../storage/index.ts';
import { systemClock } from '../util/index.ts';
import type { Output } from './check-config.ts';
import { Progress } from './progress.ts';
import { counted } from './counted.ts';

/**
 * Verifies a data folder and says what is wrong and where; whether nothing is left wrong. Changes
 * nothing unless told to repair.
 */
export async function checkStoreCommand(
  dataDir: string,
  repair: boolean,
  output: Output,
): Promise<boolean> {
  const progress = new Progress(systemClock, process.stderr);
  const report = await checkStore(dataDir, {
    repair,
    onBlock: (name, done, total) => progress.update(() => `block ${name}, ${done} of ${total}`),
  });
  progress.finish();
  for (const { path, positionBytes, reason, repair: done } of report.problems) {
    const place = positionBytes === undefined ? '' : ` at byte ${positionBytes}`;
    output.error(`${path}${place}: ${reason}${done === undefined ? '' : `; ${done}`}`);
  }
  const { segmentCount, recordCount, blockCount, chunkCount, bytes, problems } = report;
  output.log(
    `${dataDir}: ${counted(segmentCount, 'log segment')} with ${counted(recordCount, 'record')}, ` +
      `${counted(blockCount, 'block')} with ${counted(chunkCount, 'chunk')}, ` +
      `${counted(bytes, 'byte')}; ${counted(problems.length, 'problem')}`,
  );
  return problems.every((problem) => problem.repair !== undefined);
}
