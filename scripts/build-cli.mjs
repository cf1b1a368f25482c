// Bundles the command with the packages it needs, so that starting it reads and resolves one file:
//
//   dist/tidegauge.mjs                   scripts/load-bundle.mjs
//   dist/command/main-HASH.cjs           src/cli/main.ts and packages, as one function
//   dist/command/main-HASH.cjs.*.cache   what V8 made of it; left out where the command fails
//   dist/command/LICENSES.txt            of the packages

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { writeOutputs } from './outputs.mjs';

const COMPILE = fileURLToPath(new URL('compile-bundle.mjs', import.meta.url));
const COMPILE_TIMEOUT_MS = 20_000;

/** Above, in a path that a bundler tells, what names the package. */
const PACKAGE = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/**
 * @param {string} root the checkout
 * @param {string} dist
 * @param {esbuild.BuildOptions} options those of all that the server runs
 * @returns {Promise<string[]>} the files written
 */
export async function buildCli(root, dist, options) {
  const { outputFiles = [], metafile } = await esbuild.build({
    ...options,
    format: 'cjs',
    packages: 'bundle',
    // One function, called with what a CommonJS module has around it.
    banner: {
      js:
        '(function (require, __filename, __dirname, module) {' +
        'const bundleUrl = require("node:url").pathToFileURL(__filename).href;',
    },
    footer: { js: '})' },
    define: { 'import.meta.url': 'bundleUrl' },
    // Packages that are loaded when they are needed are in the bundle too.
    supported: { 'dynamic-import': false },
    charset: 'ascii',
    legalComments: 'none',
    sourcesContent: false,
    metafile: true,
    entryPoints: [join(root, 'src/cli/main.ts')],
    entryNames: '[name]-[hash]',
    outdir: join(dist, 'command'),
    outExtension: { '.js': '.cjs' },
  });
  const bundle = outputFiles.find(({ path }) => path.endsWith('.cjs'));
  if (bundle === undefined) throw new Error('the bundler made no bundle of src/cli/main.ts');
  const licenses = join(dist, 'command/LICENSES.txt');
  const contents = Buffer.from(licensesOf(root, Object.keys(metafile?.inputs ?? {})));
  const written = writeOutputs([...outputFiles, { path: licenses, contents }]);
  const cache = compile(bundle.path);
  // Last, as it names the others.
  const loader = await esbuild.build({
    ...options,
    sourcemap: false,
    define: { 'process.env.BUNDLE': JSON.stringify(basename(bundle.path)) },
    entryPoints: [join(root, 'scripts/load-bundle.mjs')],
    outfile: join(dist, 'tidegauge.mjs'),
  });
  return [...written, ...cache, ...writeOutputs(loader.outputFiles)];
}

/**
 * Lets the command verify a configuration, which takes it through most of what starting does.
 *
 * @param {string} bundle
 * @returns {string[]} the file written
 */
function compile(bundle) {
  const cache = `${bundle}.${process.versions.v8}-${process.arch}.cache`;
  if (existsSync(cache)) return [cache];
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-build-'));
  try {
    const config = join(folder, 'config.yml');
    writeFileSync(config, 'scrape_configs: [{job_name: a, static_configs: [{targets: [b:80]}]}]\n');
    execFileSync(process.execPath, [COMPILE, bundle, cache, 'check', 'config', config], {
      stdio: 'pipe',
      timeout: COMPILE_TIMEOUT_MS,
    });
  } catch (error) {
    console.warn(`no code cache, the command starts slower: ${String(error)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return existsSync(cache) ? [cache] : [];
}

/**
 * The licences of the packages that inputs of a bundle come from.
 *
 * @param {string} root
 * @param {readonly string[]} inputs
 */
function licensesOf(root, inputs) {
  const folders = new Map(
    inputs.flatMap((input) => {
      const match = PACKAGE.exec(input);
      return match === null ? [] : [[match[2] ?? '', join(root, match[1] ?? '')]];
    }),
  );
  const names = [...folders.keys()].sort();
  return names
    .map((name) => {
      const folder = folders.get(name) ?? '';
      const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
      const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
      return [`${name} ${version} (${license})`, ...texts].join('\n\n');
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`);
}
