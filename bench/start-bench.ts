import { setTimeout as sleep } from 'node:timers/promises';
import type { Comparison } from './support/comparison.ts';
import { type ServerName, startServer } from './support/servers.ts';

/** An empty start, and the memory of a server that nobody asks anything. */
export async function measureStart(
  name: ServerName,
  idleSeconds: number,
  comparison: Comparison,
): Promise<void> {
  const server = await startServer(name);
  try {
    const ready = { title: 'empty start to ready', unit: 'ms', digits: 0, targetMax: 250 };
    comparison.add(ready, name, server.readyMs);
    await sleep(idleSeconds * 1000);
    const title = `memory after ${idleSeconds} s of idling`;
    const memory = { title, unit: 'MB', digits: 1, targetMax: 90 };
    comparison.add(memory, name, server.usage().residentBytes / 1e6);
  } finally {
    await server.stop();
  }
}
