import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { workerEntry } from '../../util/index.ts';
import type { BlockMeta } from '../block/block-meta.ts';
import type { BlockRef } from '../block/block-set.ts';
import type { BlockOrigin } from '../block/block-writer.ts';
import type { FileSystem } from '../file-system.ts';
import { mergeBlocks } from './merge-blocks.ts';

/** What a compact worker is to do. */
export interface MergeTask {
  readonly blocksDir: string;
  readonly refs: readonly BlockRef[];
  readonly origin: BlockOrigin;
}

/** What became of it. */
export type MergeOutcome =
  | { readonly meta: BlockMeta | undefined }
  | { readonly reason: string; readonly systemCode: string | undefined };

/**
 * `mergeBlocks` on a thread of its own, which ends with it or, in the midst of it, when `signal`
 * aborts; what it leaves then is removed when the store is opened. Where there is no build to load
 * that from, here, in slices.
 */
export async function mergeOnThread(
  files: FileSystem,
  blocksDir: string,
  refs: readonly BlockRef[],
  origin: BlockOrigin,
  signal: AbortSignal,
): Promise<BlockMeta | undefined> {
  const entry = workerEntry('compact-worker');
  if (!existsSync(entry)) return mergeBlocks(files, blocksDir, refs, origin);
  const task: MergeTask = { blocksDir, refs, origin };
  const worker = new Worker(entry, { workerData: task });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop);
  const outcome = await new Promise<MergeOutcome>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the compact worker ended with ${code}`)));
  }).finally(() => signal.removeEventListener('abort', stop));
  if ('meta' in outcome) return outcome.meta;
  const { reason, systemCode } = outcome;
  throw Object.assign(new Error(reason), systemCode === undefined ? {} : { code: systemCode });
}
