import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { expect } from 'vitest';

/** The `st` column of /proc/net/tcp of a socket that listens. */
const LISTENING = '0A';

/** Local ports of sockets of the process that listen, TCP and UDP, of either family. */
export function listeningSockets(pid: number): string[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  expect(inodes.size, 'the connection to the collector').toBeGreaterThan(0);
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => {
        const isOpen = kind.startsWith('udp') || state === LISTENING;
        return isOpen && inode !== undefined && inodes.has(inode);
      })
      .map(([, address]) => `${kind} ${address}`),
  );
}
