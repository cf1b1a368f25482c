import { simulate } from '../support/tide-simulator/simulation.ts';
import type { FuzzOptions } from './promql.ts';

/** Seeds between two lines of progress. */
const BATCH = 500;

/** Lives of agents and a collector, one for each seed; the number of seeds that failed. */
export async function fuzzTide(
  { runs, seed, failures }: FuzzOptions,
  print: (line: string) => void,
): Promise<number> {
  const sum = {
    sealed: 0,
    stored: 0,
    repaired: 0,
    duplicates: 0,
    lostSequences: 0,
    lostTicks: 0,
    fencedZombies: 0,
    fencedClones: 0,
    silentlyLost: 0,
    foldedSequences: 0,
  };
  let failed = 0;
  for (let done = 1; done <= runs && failed < failures; done++) {
    try {
      const result = await simulate(seed + done - 1);
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += result[name];
    } catch (error) {
      failed++;
      print(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
      print(`replay with --seed ${seed + done - 1} --runs 1`);
    }
    if (done % BATCH === 0 || done === runs) {
      print(`${done} seeds, ${failed} failures; ${JSON.stringify(sum)}`);
    }
  }
  return failed;
}
