/** How the value of a series moves from tick to tick. */
export type Movement =
  | 'integer-counter'
  | 'idle-counter'
  | 'cpu-seconds'
  | 'gauge'
  | 'constant'
  | 'full-precision'
  | 'bucket';

export interface SeriesShape {
  /** name, value, … sorted by name, the metric name included. */
  readonly labelPairs: readonly string[];
  readonly movement: Movement;
  /** For buckets: the histogram they belong to, and how far up they are (0..1). */
  readonly histogram?: { readonly id: number; readonly share: number };
}

/** Series of one node, as the load of the design has them. */
export const SERIES_PER_NODE = 1000;

/**
 * The series of one node: 350 in the manner of node_exporter, 350 of cAdvisor, 300 of an HTTP
 * service with 20 histograms; about 11 labels and 225 bytes of label text each.
 */
export function nodeSeries(node: number, random: () => number): SeriesShape[] {
  const instance = `10.${(node >> 16) & 255}.${(node >> 8) & 255}.${node & 255}`;
  const base = [
    ...['cluster', 'production-eu-central-1'],
    ...['instance', instance, 'node', `worker-${String(node).padStart(6, '0')}`],
    ...['region', 'eu-central-1', 'zone', `eu-central-1${'abc'.charAt(node % 3)}`],
  ];
  return [
    ...exporterSeries(base, random),
    ...containerSeries(base, node, random),
    ...serviceSeries(base, node),
  ];
}

function shape(
  base: readonly string[],
  extra: readonly string[],
  rest: Omit<SeriesShape, 'labelPairs'>,
) {
  return { labelPairs: sortPairs([...base, ...extra]), ...rest };
}

function exporterSeries(base: readonly string[], random: () => number): SeriesShape[] {
  const modes = ['idle', 'iowait', 'irq', 'nice', 'softirq', 'steal', 'system', 'user'];
  const job = ['job', 'node-exporter', 'container', 'node-exporter', 'namespace', 'monitoring'];
  const series: SeriesShape[] = [];
  for (let cpu = 0; cpu < 16; cpu++) {
    for (const mode of modes) {
      const labels = [
        ...job,
        '__name__',
        'node_cpu_seconds_total',
        'cpu',
        String(cpu),
        'mode',
        mode,
      ];
      series.push(shape(base, labels, { movement: 'cpu-seconds' }));
    }
  }
  for (let device = 0; series.length < 350; device++) {
    const index = series.length;
    const name = `node_${['disk', 'network', 'memory', 'filesystem'][index % 4]}_${GAUGES[index % GAUGES.length]}`;
    const labels = [
      ...job,
      '__name__',
      name,
      'device',
      `dev${Math.floor(device / GAUGES.length)}-${index % 4}`,
      'pod',
      'node-exporter-x2v7k',
    ];
    series.push(shape(base, labels, { movement: plainMovement(random) }));
  }
  return series;
}

const GAUGES = [
  ...['read_bytes_total', 'written_bytes_total', 'receive_packets_total', 'transmit_bytes_total'],
  ...['MemAvailable_bytes', 'Cached_bytes', 'avail_bytes', 'size_bytes', 'errors_total'],
  ...['io_time_seconds_total', 'up', 'speed_bytes', 'inactive_bytes', 'slab_bytes'],
];

function containerSeries(
  base: readonly string[],
  node: number,
  random: () => number,
): SeriesShape[] {
  const names = [
    ...['container_cpu_usage_seconds_total', 'container_memory_working_set_bytes'],
    ...['container_memory_rss', 'container_network_receive_bytes_total'],
    ...['container_network_transmit_bytes_total', 'container_fs_reads_total'],
    ...['container_fs_writes_total', 'container_threads', 'container_spec_memory_limit_bytes'],
    'container_last_seen',
  ];
  return Array.from({ length: 350 }, (_, index) => {
    const pod = Math.floor(index / names.length);
    const name = names[index % names.length] ?? '';
    const labels = [
      ...['__name__', name, 'job', 'kubelet', 'namespace', `team-${pod % 7}`],
      ...['pod', `service-${pod}-7c9d8b6f5-${(node * 31 + pod).toString(36).padStart(5, 'q')}`],
      ...['container', `service-${pod}`, 'metrics_path', '/metrics/cadvisor'],
    ];
    const movement = name.includes('cpu') ? 'cpu-seconds' : plainMovement(random);
    return shape(base, labels, { movement });
  });
}

const BOUNDS = [
  '0.005',
  '0.01',
  '0.025',
  '0.05',
  '0.1',
  '0.25',
  '0.5',
  '1',
  '2.5',
  '5',
  '10',
  '25',
];

function serviceSeries(base: readonly string[], node: number): SeriesShape[] {
  const series: SeriesShape[] = [];
  for (let histogram = 0; histogram < 20; histogram++) {
    const id = node * 20 + histogram;
    const labels = [
      ...['job', 'checkout', 'handler', `/api/v1/orders/${histogram}`, 'method', 'POST'],
      ...['namespace', 'shop', 'pod', `checkout-6b5f9c7d4-${node.toString(36).padStart(5, 'x')}`],
    ];
    const name = 'http_request_duration_seconds';
    const bucket = (le: string, share: number) =>
      shape(base, [...labels, '__name__', `${name}_bucket`, 'le', le], {
        movement: 'bucket',
        histogram: { id, share },
      });
    for (const [index, le] of BOUNDS.entries()) series.push(bucket(le, (index + 1) / 14));
    series.push(bucket('+Inf', 1));
    series.push(
      shape(base, [...labels, '__name__', `${name}_count`], {
        movement: 'bucket',
        histogram: { id, share: 1 },
      }),
      shape(base, [...labels, '__name__', `${name}_sum`], { movement: 'full-precision' }),
    );
  }
  return series;
}

// A quarter of the counters stand still; with the sums above, a tenth is full-precision.
function plainMovement(random: () => number): Movement {
  const draw = random();
  if (draw < 0.36) return 'integer-counter';
  if (draw < 0.48) return 'idle-counter';
  if (draw < 0.72) return 'gauge';
  return draw < 0.86 ? 'constant' : 'full-precision';
}

function sortPairs(pairs: readonly string[]): string[] {
  const entries: [string, string][] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    entries.push([pairs[index] ?? '', pairs[index + 1] ?? '']);
  }
  entries.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return entries.flat();
}
