// `npm run bench [-- NAME OPTIONS]`: bundles the benchmarks, as Node 20 does not load TypeScript,
// and runs them against the built collector and the peers that are installed.

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
const outfile = join(root, '.cache/bench/run.mjs');
const [result] = await Promise.all([
  bundle({ ...SERVER_OPTIONS, entryPoints: ['bench/run.ts'], outfile }),
  build(),
]);
writeOutputs(result.outputFiles);
const { run } = await import(pathToFileURL(outfile).href);
process.exit(await run(process.argv.slice(2)));
