// `npm run fuzz -- NAME [OPTIONS]`: bundles the long random tests, as Node 20 does not load
// TypeScript, and runs them,
// some against the built collector.

import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureDependencies } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
ensureDependencies(root, (line) => console.error(line));
const [{ build: bundle }, { SERVER_OPTIONS, build }, { writeOutputs }] = await Promise.all([
  import('esbuild'),
  import('./build.mjs'),
  import('./outputs.mjs'),
]);
const outdir = join(root, '.cache/fuzz');
const entryPoints = { run: 'test/fuzz/run.ts', 'tide-thread': 'test/fuzz/tide-thread.ts' };
const [result] = await Promise.all([
  bundle({ ...SERVER_OPTIONS, entryPoints, outdir, outExtension: { '.js': '.mjs' } }),
  process.argv[2] === 'promql-prometheus' ? build() : undefined,
]);
writeOutputs(result.outputFiles);
const { run } = await import(pathToFileURL(join(outdir, 'run.mjs')).href);
process.exit(await run(process.argv.slice(2)));
