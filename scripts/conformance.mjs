// `npm run conformance [-- AREA...]`: checks the areas of the conformance data, all without a name.
// Each ends with the line `AREA: N passed, N failed`. Exit status 1 when a case failed, 2 when the
// area or the data is not there.

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureDependencies } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const AREAS = join(root, 'test/conformance/areas');

/**
 * @param {string} message
 * @returns {never}
 */
function refuse(message) {
  console.error(message);
  process.exit(2);
}

/**
 * Bundles the runner with the modules of the areas, as Node 20 does not load TypeScript.
 *
 * @param {readonly string[]} modules the areas' files
 * @returns {Promise<{ run: (names: readonly string[]) => Promise<number> }>}
 */
async function bundleRunner(modules) {
  const [{ build: bundle }, { SERVER_OPTIONS, buildWorkers }, { writeOutputs }] = await Promise.all(
    [import('esbuild'), import('./build.mjs'), import('./outputs.mjs')],
  );
  // One file for each choice of areas: runs side by side must not share it.
  const choice = modules.map((path) => basename(path, '.ts')).join('+');
  const outfile = join(root, `.cache/conformance/${choice}.mjs`);
  const imports = modules.map(
    (path, i) => `import { area as area${i} } from ${JSON.stringify(path)};`,
  );
  const list = modules.map((_, i) => `area${i}`).join(', ');
  const contents = `${imports.join('\n')}
import { conformanceCommand } from './test/conformance/command.ts';
export const run = (names) => conformanceCommand([${list}], names);`;
  const [result] = await Promise.all([
    bundle({ ...SERVER_OPTIONS, stdin: { contents, resolveDir: root }, outfile }),
    buildWorkers(),
  ]);
  writeOutputs(result.outputFiles);
  return import(pathToFileURL(outfile).href);
}

const names = process.argv.slice(2);
ensureDependencies(root, (line) => console.error(line));
const { filesUnder } = await import('./freshness.mjs');
const modules = filesUnder(AREAS).filter((path) => /^[a-z0-9-]+\.ts$/.test(basename(path)));
const chosen = modules.filter(
  (path) => names.length === 0 || names.includes(basename(path, '.ts')),
);
const unknown = names.find((name) => !existsSync(join(AREAS, `${name}.ts`)));
if (unknown !== undefined) {
  const known = modules.map((path) => basename(path, '.ts')).join(', ');
  refuse(`no area ${unknown} is covered; want some of: ${known}`);
}
try {
  const { run } = await bundleRunner(chosen);
  // At once: an area may leave a worker or a socket behind.
  process.exit(await run(names));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
