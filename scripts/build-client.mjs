// Makes `tidegauge/client`: one bundle, and the declarations of what it exports.
//
//   dist/client/index.mjs     src/client/index.ts with what it uses of the package
//   dist/client/*.d.ts        declarations of src/client alone; they refer to nothing else

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { writeOutputs } from './outputs.mjs';

/** Files whose declarations are the client's interface. */
const INTERFACE = new Set([
  ...['index.d.ts', 'client.d.ts', 'types.d.ts'],
  ...['opentelemetry-reader.d.ts', 'opentelemetry-metrics.d.ts'],
]);

/**
 * @param {string} root the checkout
 * @param {esbuild.BuildOptions} options of all bundles for Node
 * @returns {Promise<string[]>} the files written
 */
export async function buildClient(root, options) {
  const folder = join(root, 'dist/client');
  const [bundle, declarations] = await Promise.all([
    esbuild.build({
      ...options,
      entryPoints: ['src/client/index.ts'],
      outfile: join(folder, 'index.mjs'),
    }),
    declare(root),
  ]);
  const files = declarations.map(({ name, contents }) => ({ path: join(folder, name), contents }));
  return [...writeOutputs(bundle.outputFiles), ...writeOutputs(files)];
}

/**
 * @param {string} root
 * @returns {Promise<{ name: string, contents: Uint8Array }[]>}
 */
async function declare(root) {
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-types-'));
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const args = [compiler, '-p', join(root, 'tsconfig.client.json'), '--outDir', folder];
    await promisify(execFile)(process.execPath, args);
    const names = await readdir(join(folder, 'client'));
    return await Promise.all(
      names
        .filter((name) => INTERFACE.has(name))
        .map(async (name) => {
          const text = await readFile(join(folder, 'client', name), 'utf8');
          // The compiler leaves extensions in declarations as they are in the sources.
          const resolved = text.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'");
          return { name, contents: Buffer.from(resolved) };
        }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
