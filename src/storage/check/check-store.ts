import { isBlockName } from '../block/block-names.ts';
import { lockData } from '../data-lock.ts';
import type { StorageEnvironment } from '../environment.ts';
import { defaultEnvironment } from '../environment.ts';
import { storageErrorOf } from '../errors.ts';
import { openStorage } from '../open-storage.ts';
import { checkBlock } from './check-block.ts';
import { checkLog } from './check-log.ts';
import { putAside, rewriteBlock } from './repair-block.ts';
import type { StoreReport } from './store-report.ts';
import { ReportBuilder } from './store-report.ts';

export interface CheckOptions {
  /** Whether to change anything; the default is not to. */
  readonly repair?: boolean;
  /** Called before each block, for showing progress. */
  readonly onBlock?: (name: string, done: number, total: number) => void;
}

/**
 * Reads everything in a store's data folder and says what is wrong and where. The store must not
 * be open, or what it writes meanwhile may be taken for damage.
 *
 * With `repair`, blocks with damaged chunks are written again without them, blocks whose index
 * cannot be read are put aside in `quarantine`, and the store is opened once, which cuts off a
 * torn end of the log and puts its damaged files aside. Nothing is deleted that could be read.
 * @throws StorageLockedError while the store is open, StorageError when files cannot be read.
 */
export async function checkStore(
  dataDir: string,
  options: CheckOptions = {},
  environment: Partial<StorageEnvironment> = {},
): Promise<StoreReport> {
  const complete = { ...defaultEnvironment, ...environment };
  const report = new ReportBuilder();
  const repair = options.repair === true;
  try {
    await checkLog(complete.files, dataDir, report);
    const isLogDamaged = report.problems.length > 0;
    // Whoever only looks must not leave a lock behind either.
    const lock = repair ? await lockData(complete.files, dataDir) : undefined;
    try {
      await checkBlocks(complete, dataDir, options, report);
    } finally {
      await lock?.release();
    }
    if (repair && isLogDamaged) await repairLog(complete, dataDir, report);
    return report.build();
  } catch (error) {
    throw storageErrorOf(`cannot check the store in ${dataDir}`, error);
  }
}

async function checkBlocks(
  { files, clock }: StorageEnvironment,
  dataDir: string,
  { repair, onBlock }: CheckOptions,
  report: ReportBuilder,
): Promise<void> {
  const top = await files.list(dataDir);
  const names = top.includes('blocks') ? (await files.list(`${dataDir}/blocks`)).sort() : [];
  for (const [index, name] of names.entries()) {
    onBlock?.(name, index, names.length);
    if (!isBlockName(name)) {
      report.add(`blocks/${name}`, 'is no finished block; opening the store removes what it left');
      continue;
    }
    const before = report.problems.length;
    const checked = await checkBlock(files, dataDir, `blocks/${name}`, report);
    try {
      if (repair !== true || report.problems.length === before) continue;
      const done =
        checked === undefined
          ? await putAside(files, clock, dataDir, name)
          : await rewriteBlock(files, clock, dataDir, checked);
      noteRepair(report, before, done);
    } finally {
      await checked?.block.close();
    }
  }
}

async function repairLog(
  environment: StorageEnvironment,
  dataDir: string,
  report: ReportBuilder,
): Promise<void> {
  // As many exemplars as there are: the settings are not known here.
  const options = { data_dir: dataDir, max_exemplars: Number.MAX_SAFE_INTEGER };
  const storage = await openStorage(options, environment);
  await storage.close();
  const logProblems = report.problems.filter(({ path }) => path.startsWith('wal/'));
  for (const problem of logProblems) {
    const at = report.problems.indexOf(problem);
    report.problems[at] = { ...problem, repair: 'the log goes on without it' };
  }
}

function noteRepair(report: ReportBuilder, from: number, repair: string): void {
  for (let index = from; index < report.problems.length; index++) {
    report.problems[index] = { ...report.problems[index]!, repair };
  }
}
