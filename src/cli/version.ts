import { readFileSync } from 'node:fs';
import type { BuildInfo } from '../api/index.ts';
import { packageRoot } from '../util/index.ts';

/** Version of the installed package; the revision is known only to builds from a checkout. */
export function readBuildInfo(): BuildInfo {
  const text = readFileSync(new URL('package.json', packageRoot()), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return { version, revision: process.env['TIDEGAUGE_REVISION'] ?? '' };
}
