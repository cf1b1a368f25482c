import { parentPort, workerData } from 'node:worker_threads';
import { queryTasks } from '../api/tasks/index.ts';
import { assert } from '../model/index.ts';
import { type QueryWorkerData, runQueryWorker } from '../query/index.ts';
import { connectReader } from '../storage/index.ts';

assert(parentPort !== null, 'a query worker runs on a worker thread');
runQueryWorker(parentPort, workerData as QueryWorkerData, connectReader, queryTasks);
