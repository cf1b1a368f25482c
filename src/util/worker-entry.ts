import { packageRoot } from './package-root.ts';

/**
 * The file that `new Worker()` loads for the worker named `name`: the base name of its source
 * without extension, `query-worker` for `src/query/workers/query-worker.ts`. Every source file
 * named `*-worker.ts` is such an entry; the build bundles each into `dist/workers/NAME.mjs`. Tests
 * run from sources but find the same files: the test runner builds the workers before it starts.
 */
export function workerEntry(name: string): URL {
  return new URL(`dist/workers/${name}.mjs`, packageRoot());
}
