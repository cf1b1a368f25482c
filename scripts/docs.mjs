// `npm run docs`: writes the generated pages under docs/. `npm run docs -- --check` only compares,
// and exits with 1 where a page is out of date.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { SERVER_OPTIONS } from './build.mjs';
import { writeOutputs } from './outputs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const outfile = join(root, '.cache/docs/pages.mjs');
const entry = 'src/config/generated-pages.ts';
const result = await esbuild.build({ ...SERVER_OPTIONS, entryPoints: [entry], outfile });
writeOutputs(result.outputFiles);

const { generatedPages } = await import(pathToFileURL(outfile).href);
const check = process.argv.includes('--check');
for (const { path, text } of generatedPages()) {
  const file = join(root, path);
  if (!check) writeFileSync(file, text);
  else if (readIfThere(file) !== text) {
    console.error(`${path} is out of date: run \`npm run docs\``);
    process.exitCode = 1;
  }
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
