// `npm run build`: installs the dependencies when needed, and builds `dist/`.

import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './install.mjs';

const begin = performance.now();
try {
  ensureDependencies(fileURLToPath(new URL('..', import.meta.url)), (line) => console.log(line));
  const { build } = await import('./build.mjs');
  await build();
  console.log(`built dist/ in ${Math.round(performance.now() - begin)} ms`);
} catch (error) {
  // The bundler has printed its own findings already.
  console.error(`build failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
