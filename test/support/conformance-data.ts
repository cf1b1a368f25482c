import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/util/package-root.ts';

/** The environment's variables; tests pass their own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the conformance data lies: the folder TIDEGAUGE_CONFORMANCE names (relative to the working
 * folder), else `../shared/conformance` beside the checkout. It need not exist.
 */
export function conformanceRoot(environment: Environment = process.env): string {
  const named = environment['TIDEGAUGE_CONFORMANCE'];
  if (named !== undefined && named !== '') return resolve(named);
  return fileURLToPath(new URL('../shared/conformance', packageRoot()));
}

/** The folder of one area, `conformancePath('promqltest')`; it need not exist. */
export function conformancePath(area: string, environment: Environment = process.env): string {
  return join(conformanceRoot(environment), area);
}
