// node scripts/compile-bundle.mjs BUNDLE CACHE: writes the code that V8 makes of a bundle of the
// command, with all that it takes to come up to reading its arguments. Each run is a process of its
// own: what was compiled before would not be in it.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

const [bundle = '', cache = '', ...command] = process.argv.slice(2);
const script = new Script(readFileSync(bundle, 'latin1'), { filename: bundle });
process.argv.splice(1, Infinity, bundle, ...command);
process.on('exit', () => {
  const temporary = `${cache}.${process.pid}.tmp`;
  writeFileSync(temporary, script.createCachedData());
  renameSync(temporary, cache);
});
script.runInThisContext()(createRequire(bundle), bundle, dirname(bundle), { exports: {} });
