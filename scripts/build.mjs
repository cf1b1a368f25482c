// Bundles the command, its workers and the web page into `dist/`, and compiles the kernel.
//
//   dist/tidegauge.mjs        runs the command line when imported (build-cli.mjs)
//   dist/command/             src/cli/main.ts with the packages it needs, compiled
//   dist/client/              src/client/, for other programs (build-client.mjs)
//   dist/workers/NAME.mjs     src/**/NAME.ts where NAME ends in -worker; src/util/worker-entry.ts
//   dist/kernel.wasm          kernel/, compiled (build-kernel.mjs)
//   dist/ui/                  the page, minified, hashed names, each file also as .gz
//
// Packages from node_modules go into the command's bundle and the page's, and stay outside those of
// the workers (they are dependencies of the published package).

import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { buildCli } from './build-cli.mjs';
import { buildClient } from './build-client.mjs';
import { buildKernel } from './build-kernel.mjs';
import { buildUi } from './build-ui.mjs';
import { filesUnder, fingerprint, stampBuild } from './freshness.mjs';
import { writeOutputs } from './outputs.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** @type {esbuild.BuildOptions} */
export const SERVER_OPTIONS = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
  write: false,
};

/** Builds everything, and removes what earlier builds left that this one did not write. */
export async function build() {
  const inputs = fingerprint(root);
  const written = await Promise.all([
    buildKernel(root),
    buildCli(root, dist, SERVER_OPTIONS),
    buildWorkers(),
    buildClient(root, SERVER_OPTIONS),
    buildUi(root, dist),
  ]);
  removeOthers(written.flat());
  stampBuild(root, inputs);
}

/**
 * Bundles the worker entries alone; the test runner calls this too, as tests run from sources but
 * a worker thread needs a file it can load.
 *
 * @returns {Promise<string[]>} the files written
 */
export async function buildWorkers() {
  const sources = filesUnder(join(root, 'src')).filter((path) => path.endsWith('-worker.ts'));
  const names = sources.map((path) => basename(path, '.ts'));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(`two worker entries are named ${twice}.ts, want each name once under src/`);
  }
  if (sources.length === 0) return [];
  const result = await esbuild.build({
    ...SERVER_OPTIONS,
    entryPoints: sources.map((path) => ({ in: path, out: basename(path, '.ts') })),
    outdir: join(dist, 'workers'),
    outExtension: { '.js': '.mjs' },
  });
  return writeOutputs(result.outputFiles);
}

/** @param {readonly string[]} written */
function removeOthers(written) {
  const keep = new Set(written);
  // Only what this script makes: declarations and the test runner's bundles have their own owners.
  for (const folder of ['command', 'workers', 'ui']) {
    for (const path of filesUnder(join(dist, folder))) {
      if (!keep.has(path)) rmSync(path);
    }
  }
}
