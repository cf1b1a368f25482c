import { existsSync } from 'node:fs';
import { conformanceRoot } from '../support/conformance-data.ts';
import type { ConformanceArea } from './area.ts';
import { runConformance } from './run.ts';

/** What `npm run conformance` runs once bundled; resolves with the exit status. */
export async function conformanceCommand(
  areas: readonly ConformanceArea[],
  names: readonly string[],
): Promise<number> {
  const root = conformanceRoot();
  if (!existsSync(root)) {
    console.error(`no conformance data at ${root}; TIDEGAUGE_CONFORMANCE may name another folder`);
    return 2;
  }
  const print = (line: string): void => console.log(line);
  const ok = await runConformance({ root, areas, nameUncovered: names.length === 0, print });
  return ok ? 0 : 1;
}
