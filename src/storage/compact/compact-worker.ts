import { parentPort, workerData } from 'node:worker_threads';
import { assert, messageOf } from '../../model/index.ts';
import { systemCodeOf } from '../errors.ts';
import { nodeFileSystem } from '../file-system.ts';
import type { CompactTask, TaskOutcome } from './run-task.ts';
import { doTask } from './run-task.ts';

assert(parentPort !== null, 'a compact worker runs on a worker thread');
let outcome: TaskOutcome;
try {
  outcome = { metas: await doTask(nodeFileSystem, workerData as CompactTask) };
} catch (error) {
  outcome = { reason: messageOf(error), systemCode: systemCodeOf(error) };
}
parentPort.postMessage(outcome);
