// `npm start`: installs and builds when needed, then is `tidegauge serve` with the arguments given.
// The collector runs in this process, so signals and the exit status are its own.

import { fileURLToPath } from 'node:url';
import { buildIsFresh } from './freshness.mjs';
import { ensureDependencies } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const NODE_MAJOR_MIN = 20;

/** @param {string} line */
function say(line) {
  process.stderr.write(`tidegauge: ${line}\n`);
}

async function prepare() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < NODE_MAJOR_MIN) {
    throw new Error(`Node.js ${process.versions.node} is too old, want ${NODE_MAJOR_MIN} or later`);
  }
  ensureDependencies(root, say);
  if (!buildIsFresh(root)) {
    say('building ...');
    const { build } = await import('./build.mjs');
    await build();
  }
}

try {
  await prepare();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
process.argv.splice(1, 1, fileURLToPath(new URL('../bin/tidegauge', import.meta.url)), 'serve');
// By a variable: the file is made by the build, so types and lint must not look for it.
const bundle = new URL('../dist/tidegauge.mjs', import.meta.url);
await import(bundle.href);
