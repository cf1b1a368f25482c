// Compiles `kernel/` (AssemblyScript) to `dist/kernel.wasm`.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesUnder } from './freshness.mjs';
import { writeOutputs } from './outputs.mjs';

/** What `dist/kernel.wasm` was made from. */
const STAMP = '.cache/kernel-inputs';

const OPTIONS = [
  ...['--runtime', 'stub', '--noAssert', '-O3'],
  // The memory is made outside, shared with readers, and of any size up to all that 32 bits reach.
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ...['--enable', 'simd', '--enable', 'threads'],
  // Below lies the header of the slab (kernel/layout.ts).
  ...['--memoryBase', '4096'],
];

/**
 * Compiles unless nothing changed since: compiling takes two seconds.
 *
 * @param {string} root the checkout
 * @returns {Promise<string[]>} the file written
 */
export async function buildKernel(root) {
  const target = join(root, 'dist/kernel.wasm');
  const stamp = join(root, STAMP);
  const inputs = kernelInputs(root);
  const isFresh = existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs;
  if (isFresh) return [target];
  const { default: asc } = await import('assemblyscript/asc');
  /** @type {Uint8Array | undefined} */
  let contents;
  let report = '';
  const { error } = await asc.main(
    ['kernel/index.ts', '--baseDir', root, '--outFile', 'kernel.wasm', ...OPTIONS],
    {
      writeFile: (_name, written) => {
        contents = typeof written === 'string' ? Buffer.from(written) : written;
      },
      stderr: { write: (chunk) => (report += Buffer.from(chunk).toString()) },
    },
  );
  // A warning is a conversion that was not meant, as likely as not.
  if (error !== null || report !== '' || contents === undefined) {
    throw new Error(`kernel/ does not compile: ${report || String(error)}`);
  }
  writeOutputs([{ path: target, contents }]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, inputs);
  return [target];
}

/**
 * One hash over the kernel's sources, this file and the compiler's version.
 *
 * @param {string} root
 */
function kernelInputs(root) {
  const hash = createHash('sha256');
  const sources = filesUnder(join(root, 'kernel')).filter((path) => path.endsWith('.ts'));
  const others = ['scripts/build-kernel.mjs', 'node_modules/assemblyscript/package.json'];
  for (const path of [...sources, ...others.map((other) => join(root, other))]) {
    hash.update(`${relative(root, path)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}
