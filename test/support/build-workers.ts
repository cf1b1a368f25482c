import { buildWorkers } from '../../scripts/build.mjs';

/** Vitest's global setup: worker threads load bundles, so these must match the sources under test. */
export async function setup(): Promise<void> {
  await buildWorkers();
}
