import { readdirSync, readFileSync } from 'node:fs';
import type { PerformanceEntry } from 'node:perf_hooks';
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';

const GC_KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
]);

/** Period of the timer that measures the event loop; what it measures has the period in it. */
const EVENT_LOOP_RESOLUTION_MS = 10;
const EVENT_LOOP_STATISTICS = [
  ['p50', 50],
  ['p99', 99],
  ['max', 100],
] as const;

/**
 * Registers what every process exports of itself: CPU, memory, file descriptors, heap, garbage
 * collection, event-loop delay. Names are the field's where there are any, and pass
 * `promtool check metrics` (which prom-client's own defaults do not). Returns what stops it.
 */
export function registerProcessMetrics(registry: Registry): () => void {
  registerResources(registry);
  registerHeap(registry);
  const stops = [registerEventLoop(registry), registerGarbageCollection(registry)];
  return () => {
    for (const stop of stops) stop();
  };
}

function registerResources(registry: Registry): void {
  const registers = [registry];
  let reportedCpu = 0;
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      const totalCpu = (user + system) / 1e6;
      this.inc(totalCpu - reportedCpu);
      reportedCpu = totalCpu;
    },
  });
  const startSeconds = Date.now() / 1000 - process.uptime();
  gauge(
    registry,
    'process_start_time_seconds',
    'Start time of the process, unix seconds.',
    () => Math.round(startSeconds * 1000) / 1000,
  );
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory size in bytes.', () =>
    process.memoryUsage.rss(),
  );
  if (process.platform !== 'linux') return;
  gauge(registry, 'process_open_fds', 'Number of open file descriptors.', () =>
    countEntries('/proc/self/fd'),
  );
  const maxFds = readMaxFds();
  if (maxFds !== undefined) {
    gauge(registry, 'process_max_fds', 'Maximum number of open file descriptors.', () => maxFds);
  }
}

function registerHeap(registry: Registry): void {
  gauge(
    registry,
    'nodejs_heap_size_bytes',
    'Size of the JavaScript heap.',
    () => process.memoryUsage().heapTotal,
  );
  gauge(
    registry,
    'nodejs_heap_used_bytes',
    'Used part of the JavaScript heap.',
    () => process.memoryUsage().heapUsed,
  );
  gauge(
    registry,
    'nodejs_external_memory_bytes',
    'Memory of buffers outside the heap.',
    () => process.memoryUsage().external,
  );
}

// The delay is reported over the time between two readings, so that each reading tells of a
// period of its own and a bad minute stays visible in a graph.
function registerEventLoop(registry: Registry): () => void {
  const monitor = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  monitor.enable();
  new Gauge({
    name: 'tidegauge_event_loop_delay_seconds',
    help: 'Delay of the main event loop since the last reading: median, 99th percentile, largest.',
    labelNames: ['statistic'],
    registers: [registry],
    collect() {
      for (const [statistic, percentile] of EVENT_LOOP_STATISTICS) {
        const delayMs = monitor.percentile(percentile) / 1e6 - EVENT_LOOP_RESOLUTION_MS;
        this.set({ statistic }, Math.max(0, delayMs) / 1000);
      }
      monitor.reset();
    },
  });
  return () => monitor.disable();
}

function registerGarbageCollection(registry: Registry): () => void {
  const durations = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collection pauses by kind.',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 5],
    registers: [registry],
  });
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail } = entry as PerformanceEntry & { detail?: { kind?: number } };
      const kind = GC_KINDS.get(detail?.kind ?? -1) ?? 'other';
      durations.observe({ kind }, entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

function countEntries(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}

function readMaxFds(): number | undefined {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return match?.[1] === undefined ? undefined : Number(match[1]);
  } catch {
    return undefined;
  }
}
