import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedStorage } from '../../src/storage/index.ts';
import { openStorage } from '../../src/storage/index.ts';
import { median } from './statistics.ts';

/** Median of CPU seconds per million samples over `runs` runs; says the figure of each. */
export async function medianOfRuns(
  runs: number,
  name: string,
  measure: () => Promise<number>,
  progress: (line: string) => void,
): Promise<number> {
  const figures: number[] = [];
  for (let run = 1; run <= runs; run++) {
    const figure = await measure();
    figures.push(figure);
    progress(`run ${run}/${runs} ${name}: ${figure.toFixed(3)} CPU-s per million samples`);
  }
  return median(figures);
}

/** Runs `measure` on an empty store in a folder that is gone afterwards, and closes it. */
export async function onEmptyStore(
  measure: (storage: EmbeddedStorage, folder: string) => Promise<number>,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-in-process-'));
  const storage = await openStorage({ data_dir: join(folder, 'data') });
  try {
    return await measure(storage, folder);
  } finally {
    await storage.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** CPU that this process spends on `work`, in microseconds. */
export async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
