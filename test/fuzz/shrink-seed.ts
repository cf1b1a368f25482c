import { simulate, SimulationFailure } from '../support/tide-simulator/simulation.ts';
import { fewestOf } from './fewest-of.ts';

/** A life takes a tenth of a second. */
const TRIES_MAX = 200;

/**
 * Leaves out faults of a life that failed, as long as it fails in the same way: the failure with
 * the fewest that was found.
 */
export async function shrinkSeed(failure: SimulationFailure): Promise<SimulationFailure> {
  const kind = kindOf(failure);
  let smallest = failure;
  const failsWith = async (faults: readonly number[]): Promise<boolean> => {
    const found = await failureOf(failure.seed, faults);
    if (found === undefined || kindOf(found) !== kind) return false;
    smallest = found;
    return true;
  };
  await fewestOf(failure.faults, failsWith, TRIES_MAX);
  return smallest;
}

async function failureOf(seed: number, faults: readonly number[]) {
  try {
    await simulate(seed, { faults: new Set(faults) });
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
  return undefined;
}

/** What is wrong, whatever the agent, the tick and the values. */
function kindOf({ message }: SimulationFailure): string {
  return message.replace(/\{.*\}|-?\d+(?:\.\d+)?/g, '#');
}
