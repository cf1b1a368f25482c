import os from 'node:os';
import type { HostCollector } from './host-metric.ts';

/** What Node itself knows of any host: the fallback where there is no /proc. */
export const osCollector: HostCollector = {
  name: 'os',
  async collect(_files, visitor) {
    for (const [index, cpu] of os.cpus().entries()) {
      const times = Object.entries(cpu.times).map(([mode, ms]) => [mode, ms / 1000] as const);
      for (const [mode, seconds] of times) {
        const labels = ['cpu', String(index), 'mode', mode === 'sys' ? 'system' : mode];
        const help = 'Seconds the CPUs spent in each mode.';
        visitor.metric('node_cpu_seconds_total', 'counter', help, seconds, labels);
      }
    }
    const [one, five, fifteen] = os.loadavg();
    visitor.metric('node_load1', 'gauge', '1m load average.', one ?? NaN);
    visitor.metric('node_load5', 'gauge', '5m load average.', five ?? NaN);
    visitor.metric('node_load15', 'gauge', '15m load average.', fifteen ?? NaN);
    const help = 'Memory information.';
    visitor.metric('node_memory_MemTotal_bytes', 'gauge', help, os.totalmem());
    visitor.metric('node_memory_MemAvailable_bytes', 'gauge', help, os.freemem());
  },
};

/** Who the host is; the same on every platform. */
export const unameCollector: HostCollector = {
  name: 'uname',
  async collect(_files, visitor) {
    visitor.metric(
      'node_uname_info',
      'gauge',
      'Labeled system information as provided by the uname system call.',
      1,
      [
        ...['machine', os.machine(), 'nodename', os.hostname()],
        ...['release', os.release(), 'sysname', os.type(), 'version', os.version()],
      ],
    );
    visitor.metric('node_time_seconds', 'gauge', 'System time in unixtime.', Date.now() / 1000);
  },
};
