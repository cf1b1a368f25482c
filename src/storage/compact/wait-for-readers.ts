import type { Head } from '../head/head.ts';

/** Queries end sooner than this; a thread that has crashed in one does not hold up more. */
const WAIT_MS = 180_000;
const POLL_MS = 2;
const POLL_MOST_MS = 50;

/**
 * Waits until all readers of the head that began before now have ended; false when `signal` aborts
 * before. Real time, whatever the store's clock says: readers are threads.
 */
export async function waitForReaders(head: Head, signal: AbortSignal): Promise<boolean> {
  const epochs = head.shards.map(({ kernel }) => {
    kernel.reclaim();
    return kernel.epoch();
  });
  const isRead = (): boolean =>
    head.shards.some(({ kernel }, number) => kernel.readersBefore(epochs[number]!));
  const untilMs = performance.now() + WAIT_MS;
  for (let pauseMs = POLL_MS; isRead() && performance.now() < untilMs; ) {
    if (signal.aborted) return false;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(POLL_MOST_MS, 2 * pauseMs);
  }
  return !signal.aborted;
}
