import { parentPort, workerData } from 'node:worker_threads';
import { assert, messageOf } from '../../model/index.ts';
import { systemCodeOf } from '../errors.ts';
import { nodeFileSystem } from '../file-system.ts';
import { mergeBlocks } from './merge-blocks.ts';
import type { MergeOutcome, MergeTask } from './merge-on-thread.ts';

assert(parentPort !== null, 'a compact worker runs on a worker thread');
const { blocksDir, refs, origin } = workerData as MergeTask;
let outcome: MergeOutcome;
try {
  outcome = { meta: await mergeBlocks(nodeFileSystem, blocksDir, refs, origin) };
} catch (error) {
  outcome = { reason: messageOf(error), systemCode: systemCodeOf(error) };
}
parentPort.postMessage(outcome);
