// Bundles the web page: `ui/index.html` and whatever it refers to by a relative address.

import { readFileSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { writeOutputs } from './outputs.mjs';

/** `src="./main.tsx"`, `href="./style.css"`: what the bundler takes over, by its address. */
const LOCAL_REFERENCE = /\b(src|href)="\.\/([^"?#]+)"/g;
const BUNDLED = new Set(['.ts', '.tsx', '.css']);
const COMPRESSIBLE = new Set(['.html', '.js', '.css', '.svg', '.json']);

/**
 * Writes `dist/ui/index.html` and `dist/ui/assets/*-HASH.*`; the names change with the contents,
 * so all but the page itself may be cached for ever. Addresses stay relative: the page works
 * under any path prefix. Styles that a script imports get a link in the head.
 *
 * @param {string} root the checkout
 * @param {string} dist
 * @returns {Promise<string[]>} the files written
 */
export async function buildUi(root, dist) {
  const source = join(root, 'ui');
  const page = readFileSync(join(source, 'index.html'), 'utf8');
  const references = [...page.matchAll(LOCAL_REFERENCE)].map((match) => match[2] ?? '');
  const result = await esbuild.build({
    absWorkingDir: root,
    tsconfig: join(source, 'tsconfig.json'),
    entryPoints: references.map((path) => join(source, path)),
    outdir: join(dist, 'ui/assets'),
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'linked',
    entryNames: '[name]-[hash]',
    chunkNames: 'chunk-[hash]',
    assetNames: '[name]-[hash]',
    // What the page refers to and is no script or style is copied under a hashed name.
    loader: { '.svg': 'copy', '.png': 'copy', '.ico': 'copy', '.woff2': 'file' },
    metafile: true,
    logLevel: 'warning',
    write: false,
  });
  const html = rewritePage(page, builtNames(result.metafile, dist, root));
  const index = { path: join(dist, 'ui/index.html'), contents: Buffer.from(html) };
  const files = [index, ...result.outputFiles.map(({ path, contents }) => ({ path, contents }))];
  return writeOutputs([...files, ...files.flatMap(compressed)]);
}

/**
 * For each entry named by the page, the addresses (relative to the page) of what it became.
 *
 * @param {esbuild.Metafile} metafile
 * @param {string} dist
 * @param {string} root
 */
function builtNames(metafile, dist, root) {
  /** @param {string} output */
  const address = (output) => `./${relative(join(dist, 'ui'), join(root, output))}`;
  /** @type {Map<string, { file: string, style: string | undefined }>} */
  const names = new Map();
  for (const [output, { entryPoint, cssBundle, inputs }] of Object.entries(metafile.outputs)) {
    // A copied file has no entry point, but one input: itself.
    const origin = entryPoint ?? (isCopy(output, inputs) ? Object.keys(inputs)[0] : undefined);
    if (origin === undefined) continue;
    names.set(relative('ui', origin), {
      file: address(output),
      style: cssBundle === undefined ? undefined : address(cssBundle),
    });
  }
  return names;
}

/**
 * @param {string} output
 * @param {Record<string, unknown>} inputs
 */
function isCopy(output, inputs) {
  return !BUNDLED.has(extname(output)) && Object.keys(inputs).length === 1;
}

/**
 * @param {string} page
 * @param {Map<string, { file: string, style: string | undefined }>} names
 */
function rewritePage(page, names) {
  /** @type {Set<string>} */
  const styles = new Set();
  const rewritten = page.replace(LOCAL_REFERENCE, (_, attribute, path) => {
    const built = names.get(path);
    if (built === undefined) throw new Error(`ui/index.html refers to ${path}: nothing built it`);
    if (built.style !== undefined) styles.add(built.style);
    return `${attribute}="${built.file}"`;
  });
  const links = [...styles].map((style) => `<link rel="stylesheet" href="${style}" />`).join('');
  return rewritten.replace('</head>', `${links}</head>`);
}

/** @param {{ path: string, contents: Uint8Array }} file */
function compressed({ path, contents }) {
  if (!COMPRESSIBLE.has(extname(path)) || basename(path).endsWith('.LEGAL.txt')) return [];
  return [{ path: `${path}.gz`, contents: gzipSync(contents, { level: 9 }) }];
}
