import { performance } from 'node:perf_hooks';

/** As old as that may be what one agent of the process has asked for already. */
const HELD_MS = 50;

interface ProcessUsage {
  /** CPU time of the process. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

let held: ProcessUsage = { cpuMs: 0, rssBytes: 0 };
let heldAtMs = Number.NEGATIVE_INFINITY;

/**
 * What this process uses, as it was at most 50 ms ago: to ask costs system calls, and a process may
 * hold a thousand agents that all want to know within the same moment.
 */
export function processUsage(): ProcessUsage {
  const nowMs = performance.now();
  if (nowMs - heldAtMs >= HELD_MS) {
    const { user, system } = process.cpuUsage();
    held = { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() };
    heldAtMs = nowMs;
  }
  return held;
}
