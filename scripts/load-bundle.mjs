// What the build makes `dist/tidegauge.mjs` of: runs the bundle that lies beside it, with the code
// that V8 made of it when it was built. Compiling is most of what starting costs otherwise.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

// The build puts the name in here, which has a hash of the bundle's contents.
const url = new URL(`command/${process.env['BUNDLE']}`, import.meta.url);
const filename = fileURLToPath(url);
// Made for one version of V8; any other compiles for itself, as does one with other settings.
const cache = `${filename}.${process.versions.v8}-${process.arch}.cache`;
const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
// The bundle is ASCII, of which this makes a string of one byte a character.
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
script.runInThisContext()(createRequire(url), filename, dirname(filename), { exports: {} });
