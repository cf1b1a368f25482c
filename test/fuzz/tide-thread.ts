import { parentPort } from 'node:worker_threads';
import { simulate } from '../support/tide-simulator/simulation.ts';
import type { SeedOutcome } from './seed-pool.ts';

/** A thread of `fuzz tide`: told a seed, it lives it and says what it came to. */
parentPort?.on('message', (seed: number) => {
  void outcomeOf(seed).then((outcome) => parentPort?.postMessage(outcome));
});

async function outcomeOf(seed: number): Promise<SeedOutcome> {
  try {
    return { seed, result: await simulate(seed) };
  } catch (error) {
    return { seed, failure: error instanceof Error ? error.message : String(error) };
  }
}
