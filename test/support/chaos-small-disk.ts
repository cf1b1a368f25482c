import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a fixed size that only processes started through `command` see at `path`. */
export interface SmallDisk {
  readonly path: string;
  /** Puts before a command what makes it see the disk. */
  command(command: string, args: readonly string[]): { command: string; args: string[] };
  freeBytes(): number;
  /** Takes room until no more than `leaveBytes` are free. */
  fill(leaveBytes: number): void;
  /** Gives the room back that was taken. */
  release(): void;
  /** The disk goes, with all that is on it, as soon as nothing uses it any more. */
  close(): Promise<void>;
}

// A mount namespace of its own: needs no root where users may have namespaces, and nothing can
// stay mounted, however this process ends.
const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
const ENTER = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];

/** Why there can be no small disk on this machine; '' where there can. */
export function smallDiskProblem(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-disk-'));
  try {
    const script = `mount -t tmpfs -o size=1m none ${folder}`;
    execFileSync('unshare', [...UNSHARE, 'sh', '-c', script], { stdio: 'pipe', timeout: 10_000 });
    return '';
  } catch {
    return 'needs to mount a tmpfs in a namespace of its own';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function createSmallDisk(sizeBytes: number): Promise<SmallDisk> {
  const path = mkdtempSync(join(tmpdir(), 'tidegauge-disk-'));
  const script = `mount -t tmpfs -o size=${sizeBytes} none ${path} && echo ready && exec cat`;
  // It holds the namespace until its input ends, which it does when this process ends.
  const holder = spawn('unshare', [...UNSHARE, 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'exit').then(() => Promise.reject(new Error('cannot mount a small disk'))),
  ]);
  const seenFromHere = `/proc/${holder.pid}/root${path}`;
  const filler = join(seenFromHere, 'filler');
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(seenFromHere);
    return bavail * bsize;
  };
  return {
    path,
    command: (command, args) => ({
      command: 'nsenter',
      args: [`--target=${holder.pid}`, ...ENTER, '--mount', '--', command, ...args],
    }),
    freeBytes,
    fill(leaveBytes) {
      const file = openSync(filler, 'a');
      try {
        const chunk = Buffer.alloc(64 * 1024);
        for (let rest = freeBytes() - leaveBytes; rest > 0; rest -= chunk.length) {
          writeSync(file, chunk, 0, Math.min(rest, chunk.length));
        }
      } catch (error) {
        // Others took the rest of the room meanwhile.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        closeSync(file);
      }
    },
    release: () => rmSync(filler, { force: true }),
    async close() {
      if (holder.exitCode === null) {
        const ended = once(holder, 'exit');
        holder.stdin.end();
        await ended;
      }
      rmSync(path, { recursive: true, force: true });
    },
  };
}
