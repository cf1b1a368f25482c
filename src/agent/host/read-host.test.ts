import { describe, expect, it } from 'vitest';
import type { HostFiles } from './host-metric.ts';
import { hostCollectors, readHost } from './read-host.ts';

const PROC: Readonly<Record<string, string>> = {
  '/proc/stat': [
    'cpu  300 0 100 1000 0 0 0 0 0 0',
    'cpu0 250 10 100 1000 5 1 2 3 0 0',
    'intr 12345 0 9',
    'ctxt 777',
    'btime 1700000000',
    'processes 42',
    'procs_running 2',
    'procs_blocked 0',
    '',
  ].join('\n'),
  '/proc/meminfo': 'MemTotal:       16384 kB\nActive(anon):    10 kB\nHugePages_Total:   3\n',
  '/proc/loadavg': '0.50 0.25 0.10 1/234 5678\n',
  '/proc/diskstats': [
    ' 254 0 vda 10 0 20 30 40 0 60 70 0 80 90 0 0 0 0',
    ' 254 1 vda1 1 0 2 3 4 0 6 7 0 8 9 0 0 0 0',
  ].join('\n'),
  '/proc/net/dev': [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop',
    '    lo: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0',
    '  eth0:900 3 1 2 0 0 0 0 800 4 5 6 0 0 0 0',
  ].join('\n'),
  '/proc/self/mounts': [
    'proc /proc proc rw 0 0',
    '/dev/vda1 / ext4 rw 0 0',
    '/dev/vdb1 /mnt/my\\040disk xfs rw 0 0',
    'gone /mnt/gone nfs rw 0 0',
  ].join('\n'),
};

function fakeFiles(missing: string[] = []): HostFiles {
  return {
    read(path) {
      const text = PROC[path];
      return text === undefined || missing.includes(path)
        ? Promise.reject(new Error(`no ${path}`))
        : Promise.resolve(text);
    },
    statfs: (path) =>
      path === '/mnt/gone'
        ? Promise.reject(new Error('stale handle'))
        : Promise.resolve({
            sizeBytes: 1000,
            freeBytes: 500,
            availableBytes: 400,
            inodes: 10,
            freeInodes: 5,
          }),
  };
}

async function read(files: HostFiles) {
  const values = new Map<string, number>();
  const failures = await readHost(
    hostCollectors('linux'),
    files,
    {
      metric(name, _type, _help, value, labels = []) {
        const body = labels.map((part, at) => (at % 2 === 0 ? part : `="${part}" `)).join('');
        values.set(labels.length === 0 ? name : `${name}{${body.trim()}}`, value);
      },
    },
    () => 0,
  );
  return { values, failures };
}

describe('readHost on Linux', () => {
  const check = (key: string, want: number) =>
    it(key, async () => expect((await read(fakeFiles())).values.get(key)).toBe(want));
  check('node_cpu_seconds_total{cpu="0" mode="user"}', 2.5);
  check('node_cpu_seconds_total{cpu="0" mode="steal"}', 0.03);
  check('node_intr_total', 12345);
  check('node_context_switches_total', 777);
  check('node_boot_time_seconds', 1_700_000_000);
  check('node_forks_total', 42);
  check('node_memory_MemTotal_bytes', 16384 * 1024);
  check('node_memory_Active_anon_bytes', 10 * 1024);
  check('node_memory_HugePages_Total', 3);
  check('node_load1', 0.5);
  check('node_load15', 0.1);
  check('node_disk_reads_completed_total{device="vda"}', 10);
  check('node_disk_read_bytes_total{device="vda"}', 20 * 512);
  check('node_disk_io_time_seconds_total{device="vda"}', 0.08);
  check('node_network_receive_bytes_total{device="eth0"}', 900);
  check('node_network_transmit_drop_total{device="eth0"}', 6);
  check('node_filesystem_avail_bytes{device="/dev/vda1" fstype="ext4" mountpoint="/"}', 400);
  check('node_filesystem_files{device="/dev/vdb1" fstype="xfs" mountpoint="/mnt/my disk"}', 10);
  check('node_filesystem_device_error{device="gone" fstype="nfs" mountpoint="/mnt/gone"}', 1);
  check('node_scrape_collector_success{collector="cpu"}', 1);

  it('leaves out partitions and virtual file systems', async () => {
    const keys = [...(await read(fakeFiles())).values.keys()].join('\n');
    expect(keys).not.toContain('vda1" }');
    expect(keys).not.toContain('device="vda1"}');
    expect(keys).not.toContain('mountpoint="/proc"');
  });

  it('keeps the other subjects when one cannot be read', async () => {
    const { values, failures } = await read(fakeFiles(['/proc/stat']));
    expect(failures).toEqual([{ collector: 'cpu', message: 'no /proc/stat' }]);
    expect(values.get('node_scrape_collector_success{collector="cpu"}')).toBe(0);
    expect(values.get('node_load1')).toBe(0.5);
  });
});

describe('readHost on this machine', () => {
  it('finds real values', async () => {
    const { realHostFiles } = await import('./host-files.ts');
    const { values, failures } = await read(realHostFiles);
    expect(failures).toEqual([]);
    const keys = [...values.keys()];
    expect(keys.some((key) => key.startsWith('node_cpu_seconds_total'))).toBe(true);
    expect(values.get('node_memory_MemTotal_bytes')).toBeGreaterThan(1e6);
  });
});

describe('readHost elsewhere', () => {
  it('falls back to what Node knows', async () => {
    const names = new Set<string>();
    await readHost(hostCollectors('darwin'), fakeFiles(), { metric: (n) => names.add(n) }, () => 0);
    expect([...names]).toEqual(
      expect.arrayContaining(['node_cpu_seconds_total', 'node_load1', 'node_uname_info']),
    );
  });
});
