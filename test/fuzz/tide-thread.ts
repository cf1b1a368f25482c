import { parentPort } from 'node:worker_threads';
import { simulate, SimulationFailure } from '../support/tide-simulator/simulation.ts';
import type { SeedOutcome, SeedTask } from './seed-pool.ts';
import { shrinkSeed } from './shrink-seed.ts';

/** A thread of `fuzz tide`: told a seed, it lives it and says what it came to. */
parentPort?.on('message', (task: SeedTask) => {
  void outcomeOf(task).then((outcome) => parentPort?.postMessage(outcome));
});

async function outcomeOf({ seed, faults }: SeedTask): Promise<SeedOutcome> {
  try {
    return { seed, result: await simulate(seed, { faults: faults && new Set(faults) }) };
  } catch (error) {
    if (!(error instanceof SimulationFailure)) return { seed, failure: { message: String(error) } };
    const smallest = faults === undefined ? await shrinkSeed(error) : error;
    const { story } = smallest;
    const isShrunk = smallest.faults.length < error.faults.length;
    const { message } = error;
    return {
      seed,
      failure: { message, story, ...(isShrunk ? { faults: smallest.faults } : {}) },
    };
  }
}
