import type { HostCollector, HostFiles, HostMetricVisitor } from './host-metric.ts';

/** Kernel ticks a second in /proc/stat: USER_HZ, which is 100 on every Linux architecture. */
const TICKS_PER_SECOND = 100;
const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'];

export const cpuCollector: HostCollector = {
  name: 'cpu',
  async collect(files, visitor) {
    for (const line of lines(await files.read('/proc/stat'))) {
      const fields = line.split(/\s+/);
      const key = fields[0] ?? '';
      if (/^cpu\d+$/.test(key)) visitCpu(visitor, key.slice(3), fields);
      else visitCounter(visitor, key, Number(fields[1]));
    }
  },
};

function visitCpu(visitor: HostMetricVisitor, cpu: string, fields: readonly string[]): void {
  for (const [index, mode] of CPU_MODES.entries()) {
    const seconds = Number(fields[index + 1] ?? 0) / TICKS_PER_SECOND;
    const help = 'Seconds the CPUs spent in each mode.';
    visitor.metric('node_cpu_seconds_total', 'counter', help, seconds, ['cpu', cpu, 'mode', mode]);
  }
}

function visitCounter(visitor: HostMetricVisitor, key: string, value: number): void {
  switch (key) {
    case 'intr':
      visitor.metric('node_intr_total', 'counter', 'Total number of interrupts serviced.', value);
      break;
    case 'ctxt':
      visitor.metric(
        'node_context_switches_total',
        'counter',
        'Total number of context switches.',
        value,
      );
      break;
    case 'btime':
      visitor.metric('node_boot_time_seconds', 'gauge', 'Node boot time, in unixtime.', value);
      break;
    case 'processes':
      visitor.metric('node_forks_total', 'counter', 'Total number of forks.', value);
      break;
    case 'procs_running':
      visitor.metric(
        'node_procs_running',
        'gauge',
        'Number of processes in runnable state.',
        value,
      );
      break;
    case 'procs_blocked':
      visitor.metric(
        'node_procs_blocked',
        'gauge',
        'Number of processes blocked waiting for I/O to complete.',
        value,
      );
      break;
  }
}

export const loadCollector: HostCollector = {
  name: 'loadavg',
  async collect(files, visitor) {
    const [one, five, fifteen] = (await files.read('/proc/loadavg')).split(' ').map(Number);
    visitor.metric('node_load1', 'gauge', '1m load average.', one ?? NaN);
    visitor.metric('node_load5', 'gauge', '5m load average.', five ?? NaN);
    visitor.metric('node_load15', 'gauge', '15m load average.', fifteen ?? NaN);
  },
};

export const memoryCollector: HostCollector = {
  name: 'meminfo',
  async collect(files, visitor) {
    for (const line of lines(await files.read('/proc/meminfo'))) {
      const match = /^([^:]+):\s+(\d+)( kB)?$/.exec(line);
      if (match?.[1] === undefined) continue;
      const field = match[1].replace('(', '_').replace(')', '');
      const inBytes = match[3] !== undefined;
      const name = `node_memory_${field}${inBytes ? '_bytes' : ''}`;
      const value = Number(match[2]) * (inBytes ? 1024 : 1);
      visitor.metric(name, 'gauge', `Memory information field ${field}.`, value);
    }
  },
};

/** Column of /proc/diskstats (from 0) -> name, help and factor to the metric's unit. */
const DISK_COLUMNS: readonly (readonly [number, string, string, number])[] = [
  [3, 'reads_completed_total', 'The total number of reads completed successfully.', 1],
  [5, 'read_bytes_total', 'The total number of bytes read successfully.', 512],
  [6, 'read_time_seconds_total', 'The total number of seconds spent by all reads.', 0.001],
  [7, 'writes_completed_total', 'The total number of writes completed successfully.', 1],
  [9, 'written_bytes_total', 'The total number of bytes written successfully.', 512],
  [10, 'write_time_seconds_total', 'The total number of seconds spent by all writes.', 0.001],
  [12, 'io_time_seconds_total', 'Total seconds spent doing I/Os.', 0.001],
];
const IGNORED_DISKS = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;

export const diskCollector: HostCollector = {
  name: 'diskstats',
  async collect(files, visitor) {
    for (const line of lines(await files.read('/proc/diskstats'))) {
      const fields = line.trim().split(/\s+/);
      const device = fields[2] ?? '';
      if (device === '' || IGNORED_DISKS.test(device)) continue;
      for (const [column, suffix, help, factor] of DISK_COLUMNS) {
        const value = Number(fields[column]) * factor;
        visitor.metric(`node_disk_${suffix}`, 'counter', help, value, ['device', device]);
      }
    }
  },
};

/** Columns of /proc/net/dev after the interface name. */
const NETWORK_COLUMNS: readonly (readonly [number, string])[] = [
  [0, 'receive_bytes'],
  [1, 'receive_packets'],
  [2, 'receive_errs'],
  [3, 'receive_drop'],
  [8, 'transmit_bytes'],
  [9, 'transmit_packets'],
  [10, 'transmit_errs'],
  [11, 'transmit_drop'],
];

export const networkCollector: HostCollector = {
  name: 'netdev',
  async collect(files, visitor) {
    for (const line of lines(await files.read('/proc/net/dev')).slice(2)) {
      const colon = line.lastIndexOf(':');
      const device = line.slice(0, colon).trim();
      const fields = line
        .slice(colon + 1)
        .trim()
        .split(/\s+/);
      for (const [column, suffix] of NETWORK_COLUMNS) {
        visitor.metric(
          `node_network_${suffix}_total`,
          'counter',
          `Network device statistic ${suffix}.`,
          Number(fields[column]),
          ['device', device],
        );
      }
    }
  },
};

const VIRTUAL_FILE_SYSTEMS =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/;

export const filesystemCollector: HostCollector = {
  name: 'filesystem',
  async collect(files, visitor) {
    const seen = new Set<string>();
    for (const line of lines(await files.read('/proc/self/mounts'))) {
      const [device = '', mount = '', type = ''] = line.split(' ').map(unescapeMount);
      if (
        VIRTUAL_FILE_SYSTEMS.test(type) ||
        /^\/(dev|proc|sys|run\/credentials)($|\/)/.test(mount)
      ) {
        continue;
      }
      if (seen.has(mount)) continue;
      seen.add(mount);
      await visitFilesystem(files, visitor, [
        'device',
        device,
        'fstype',
        type,
        'mountpoint',
        mount,
      ]);
    }
  },
};

async function visitFilesystem(
  files: HostFiles,
  visitor: HostMetricVisitor,
  labels: readonly string[],
): Promise<void> {
  let stat: Awaited<ReturnType<HostFiles['statfs']>>;
  try {
    stat = await files.statfs(labels[5] ?? '/');
  } catch {
    const help = 'Whether an error occurred while getting statistics for the given device.';
    visitor.metric('node_filesystem_device_error', 'gauge', help, 1, labels);
    return;
  }
  const add = (name: string, help: string, value: number): void =>
    visitor.metric(`node_filesystem_${name}`, 'gauge', help, value, labels);
  add('size_bytes', 'Filesystem size in bytes.', stat.sizeBytes);
  add('free_bytes', 'Filesystem free space in bytes.', stat.freeBytes);
  add('avail_bytes', 'Filesystem space available to non-root users in bytes.', stat.availableBytes);
  add('files', 'Filesystem total file nodes.', stat.inodes);
  add('files_free', 'Filesystem total free file nodes.', stat.freeInodes);
}

// Mount fields write blanks, tabs, newlines and backslashes as three octal digits.
function unescapeMount(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
