import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { pauseEarlyOptimizing, workerEntry } from '../../util/index.ts';
import type { BlockMeta } from '../block/block-meta.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { BlockOrigin } from '../block/block-writer.ts';
import type { FileSystem } from '../file-system.ts';
import { nodeFileSystem } from '../file-system.ts';
import type { CutTask } from './cut-blocks.ts';
import { cutBlocks } from './cut-blocks.ts';
import { mergeBlocks } from './merge-blocks.ts';

/** Blocks to be merged. */
export interface MergeTask {
  readonly kind: 'merge';
  readonly blocksDir: string;
  readonly refs: readonly BlockRef[];
  readonly origin: BlockOrigin;
}

/** What a compact worker is to do, as plain data. */
export type CompactTask = MergeTask | CutTask;

/** What became of it. */
export type TaskOutcome =
  | { readonly metas: readonly BlockMeta[] }
  | { readonly reason: string; readonly systemCode: string | undefined };

/** Does a task on this thread, in slices; the blocks that it made. @throws StorageError */
export async function doTask(files: FileSystem, task: CompactTask): Promise<readonly BlockMeta[]> {
  if (task.kind === 'cut') return cutBlocks(files, task);
  const meta = await mergeBlocks(files, task.blocksDir, task.refs, task.origin);
  return meta === undefined ? [] : [meta];
}

/**
 * `doTask` on a thread of its own, which ends with it or, in the midst of it, when `signal`
 * aborts; what it leaves then is removed when the store is opened. Where there is no build to load
 * that from, and where files are not on the disk, here.
 */
export async function runTask(
  files: FileSystem,
  task: CompactTask,
  signal: AbortSignal,
): Promise<readonly BlockMeta[]> {
  const entry = workerEntry('compact-worker');
  if (files !== nodeFileSystem || !existsSync(entry)) return doTask(files, task);
  const hasStarted = pauseEarlyOptimizing();
  const worker = new Worker(entry, { workerData: task });
  worker.once('online', hasStarted);
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop);
  const outcome = await new Promise<TaskOutcome>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the compact worker ended with ${code}`)));
  }).finally(() => {
    hasStarted();
    signal.removeEventListener('abort', stop);
  });
  if ('metas' in outcome) return outcome.metas;
  const { reason, systemCode } = outcome;
  throw Object.assign(new Error(reason), systemCode === undefined ? {} : { code: systemCode });
}
