// Writes what a bundler made.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes each output by rename, so that a process starting meanwhile never reads half a file.
 *
 * @param {readonly { path: string, contents: Uint8Array }[] | undefined} outputs
 * @returns {string[]} their paths
 */
export function writeOutputs(outputs = []) {
  for (const { path, contents } of outputs) {
    if (sameContents(path, contents)) continue;
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, contents);
    renameSync(temporary, path);
  }
  return outputs.map(({ path }) => path);
}

/**
 * @param {string} path
 * @param {Uint8Array} contents
 */
function sameContents(path, contents) {
  try {
    return readFileSync(path).equals(contents);
  } catch {
    return false;
  }
}
