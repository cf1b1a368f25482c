import { buildKernel } from '../../scripts/build-kernel.mjs';
import { buildWorkers, root } from '../../scripts/build.mjs';

/**
 * Vitest's global setup: worker threads load bundles, and the kernel is compiled, so these must
 * match the tested sources.
 */
export async function setup(): Promise<void> {
  await Promise.all([buildWorkers(), buildKernel(root)]);
}
