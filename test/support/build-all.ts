import { build, root } from '../../scripts/build.mjs';
import { buildIsFresh } from '../../scripts/freshness.mjs';

/** Vitest's global setup for the tests that run the built program. */
export async function setup(): Promise<void> {
  if (!buildIsFresh(root)) await build();
}
