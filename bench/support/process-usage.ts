import { readFileSync } from 'node:fs';

/** Kernel ticks a second in /proc/PID/stat: USER_HZ. */
const TICKS_PER_SECOND = 100;

export interface ProcessUsage {
  /** User and system time since the start, all threads. */
  readonly cpuSeconds: number;
  /** Largest resident memory so far. */
  readonly peakBytes: number;
}

/** What a process has used so far, by the kernel's accounting. Linux only. */
export function processUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name, in parentheses, may hold blanks; fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const peakKib = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, peakBytes: peakKib * 1024 };
}

/** The middle of a list; the mean of the middle two where the count is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
