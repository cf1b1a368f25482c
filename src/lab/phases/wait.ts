import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `holds`, asked every `pollMs`; gives how long that took, undefined: too long. */
export async function waitUntil(
  holds: () => Promise<boolean>,
  { timeoutMs, pollMs }: { readonly timeoutMs: number; readonly pollMs: number },
): Promise<number | undefined> {
  const begin = performance.now();
  while (performance.now() - begin < timeoutMs) {
    // A question that fails is asked again.
    if (await holds().catch(() => false)) return performance.now() - begin;
    await sleep(pollMs);
  }
  return undefined;
}
