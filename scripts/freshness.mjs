// Answers "is it there and up to date?" for the two things a checkout must make for itself, the
// installed dependencies and the built `dist/`. Uses Node alone: it runs before anything is
// installed, and on every `npm start`, so it stats and reads little.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What the bundles are made from; a change of any of these makes `dist/` stale. */
const BUILD_INPUTS = ['src', 'kernel', 'ui', 'scripts', 'package.json', 'package-lock.json'];

/** Files inside the inputs that no bundle holds. */
const NO_INPUT = /\.test\.tsx?$|\.md$/;

const BUILD_STAMP = 'dist/.inputs';

/**
 * True when `node_modules` holds what the lock asks for. Compares the lock with the record that
 * npm itself writes at the end of an install (`node_modules/.package-lock.json`), so an install
 * that was cut off, or left out the development packages, or is older than the lock, is seen.
 *
 * @param {string} root the checkout
 * @returns {boolean}
 */
export function dependenciesInstalled(root) {
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  const present = lockedPackages(join(root, 'node_modules/.package-lock.json'));
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    // The first entry is the project itself; optional ones are for other platforms, most of them.
    if (path === '' || entry.optional === true) return true;
    return present[path]?.version === entry.version && present[path]?.integrity === entry.integrity;
  });
}

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 */

/**
 * @param {string} path
 * @returns {Record<string, LockedPackage> | undefined}
 */
function lockedPackages(path) {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

/**
 * True when `dist/` was built from exactly the sources that are there now (by path, size and
 * modification time).
 *
 * @param {string} root the checkout
 * @returns {boolean}
 */
export function buildIsFresh(root) {
  const stamp = join(root, BUILD_STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root);
}

/**
 * Remembers that `dist/` is built from `inputs`: a `fingerprint` taken before the build began, so
 * that a file saved during the build leaves it stale.
 *
 * @param {string} root the checkout
 * @param {string} inputs
 */
export function stampBuild(root, inputs) {
  writeFileSync(join(root, BUILD_STAMP), inputs);
}

/**
 * One hash over the names, sizes and times of everything the build reads.
 *
 * @param {string} root the checkout
 * @returns {string}
 */
export function fingerprint(root) {
  const hash = createHash('sha256');
  for (const input of BUILD_INPUTS) {
    for (const path of filesUnder(join(root, input))) {
      if (NO_INPUT.test(path)) continue;
      const { size, mtimeMs } = statSync(path);
      hash.update(`${relative(root, path)}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

/**
 * Every file at or under `path`, in a fixed order; none when it does not exist.
 *
 * @param {string} path
 * @returns {string[]}
 */
export function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) =>
      entry.isDirectory() ? filesUnder(join(path, entry.name)) : [join(path, entry.name)],
    );
}
