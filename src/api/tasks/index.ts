import type { QueryTasks } from '../../query/index.ts';
import { federateTask } from './federate.ts';
import { readChunksTask } from './read-chunks.ts';
import { readSamplesTask } from './read-samples.ts';

/**
 * What the API has query workers do besides queries. Kept apart from the rest of the API, so that
 * a worker loads nothing of the server.
 */
export const queryTasks: QueryTasks = {
  federate: federateTask,
  read_chunks: readChunksTask,
  read_samples: readSamplesTask,
};
