import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { packageRoot } from './package-root.ts';
import { workerEntry } from './worker-entry.ts';

test('the package root is the folder of the package', () => {
  expect(existsSync(new URL('package.json', packageRoot()))).toBe(true);
  expect(existsSync(new URL('src/util/worker-entry.ts', packageRoot()))).toBe(true);
});

test('a worker is found among the built workers, by its name', () => {
  const entry = workerEntry('query-worker');
  expect(entry.protocol).toBe('file:');
  expect(entry.href).toBe(new URL('dist/workers/query-worker.mjs', packageRoot()).href);
});
