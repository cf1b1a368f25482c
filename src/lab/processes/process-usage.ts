import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Nanoseconds-exact CPU of all threads that a process has now; undefined without /proc. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += threadNanoseconds(pid, thread);
    }
    return nanoseconds / 1e9;
  } catch {
    return undefined;
  }
}

function threadNanoseconds(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    // It has ended since the folder was read.
    return 0;
  }
}

/** Resident memory; undefined without /proc. */
export function residentBytesOf(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

/** The state of a listening socket in /proc/net/tcp. */
const LISTEN = '0A';

/** TCP sockets on which a process listens; undefined without /proc. */
export function listeningSocketsOf(pid: number): number | undefined {
  try {
    const listening = new Set<string>();
    for (const table of ['tcp', 'tcp6']) {
      for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
        const fields = line.trim().split(/\s+/);
        if (fields[3] === LISTEN && fields[9] !== undefined) listening.add(fields[9]);
      }
    }
    const inodes = readdirSync(`/proc/${pid}/fd`).map((descriptor) => socketInode(pid, descriptor));
    return new Set(inodes.filter((inode) => inode !== undefined && listening.has(inode))).size;
  } catch {
    return undefined;
  }
}

function socketInode(pid: number, descriptor: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
  } catch {
    return undefined;
  }
}
