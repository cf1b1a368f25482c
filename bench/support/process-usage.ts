import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks a second in /proc/PID/stat: USER_HZ. */
const TICKS_PER_SECOND = 100;

/** What a process and its children have used so far. */
export interface ProcessUsage {
  /** User and system time since the start, all threads, children that have ended included. */
  readonly cpuSeconds: number;
  /** Largest resident memory so far; of children that still run theirs is added. */
  readonly peakBytes: number;
  readonly residentBytes: number;
  /** Resident memory that is not of files: maps of files can be dropped by the kernel. */
  readonly anonymousBytes: number;
}

/** What a process and its children have used, by the kernel's accounting. Linux only. */
export function processUsage(pid: number): ProcessUsage {
  const usage = { cpuSeconds: 0, peakBytes: 0, residentBytes: 0, anonymousBytes: 0 };
  for (const each of [pid, ...descendants(pid)]) {
    const stat = statFields(each);
    const status = readProc(`${each}/status`);
    // The process itself must be there; a child may have ended meanwhile.
    if (stat === undefined || status === undefined) {
      if (each === pid) throw new Error(`process ${pid} has ended`);
      continue;
    }
    const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(stat[field]), 0);
    usage.cpuSeconds += ticks / TICKS_PER_SECOND;
    usage.peakBytes += bytesOf(status, 'VmHWM');
    usage.residentBytes += bytesOf(status, 'VmRSS');
    usage.anonymousBytes += bytesOf(status, 'RssAnon');
  }
  return usage;
}

function descendants(pid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const child = Number(name);
    if (!Number.isInteger(child)) continue;
    const parent = Number(statFields(child)?.[1] ?? -1);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), child]);
  }
  const found = [...(childrenOf.get(pid) ?? [])];
  // Grows while it is gone through.
  for (const child of found) found.push(...(childrenOf.get(child) ?? []));
  return found;
}

/** Fields of /proc/PID/stat from the third on: the second, a name, may hold blanks. */
function statFields(pid: number): string[] | undefined {
  const stat = readProc(`${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}

function bytesOf(status: string, field: string): number {
  const kib = new RegExp(String.raw`^${field}:\s+(\d+) kB`, 'm').exec(status)?.[1];
  return Number(kib ?? 0) * 1024;
}

/** CPU milliseconds of all threads, to the nanosecond, without those that have ended. */
export function threadsCpuMs(pid: number): number {
  return threadTimes(pid).cpuMs;
}

/** The same beside the milliseconds for which threads could have run and had no core. */
export function threadTimes(pid: number): { readonly cpuMs: number; readonly waitMs: number } {
  let [cpu, wait] = [0, 0];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran, waited] = (readProc(`${pid}/task/${thread}/schedstat`) ?? '0 0').split(' ');
    cpu += Number(ran);
    wait += Number(waited);
  }
  return { cpuMs: cpu / 1e6, waitMs: wait / 1e6 };
}
