import { buildWorkers } from '../../scripts/build.mjs';

/** Vitest's global setup: worker threads load bundles, so these must match the tested sources. */
export async function setup(): Promise<void> {
  await buildWorkers();
}
