import type { CompletenessData, Source } from '../../../ui/api/contract.ts';
import type { PlanFigures, PlanNode } from '../../../ui/api/prometheus.ts';

/** Labels of one generated series and its value at a Unix time in seconds; null is a gap. */
export interface FixtureSeries {
  labels: Record<string, string>;
  at: (seconds: number) => number | null;
}

/** What the fixture collector knows under an expression; undefined is an unknown expression. */
export function fixtureSeries(expression: string): FixtureSeries[] | undefined {
  return EXPRESSIONS[expression];
}

const MODES = ['idle', 'iowait', 'softirq', 'system', 'user'];
const HEIGHTS: Record<string, number> = { idle: 3, iowait: 0.1, softirq: 0.03, system: 0.3 };

/** Smooth and repeatable: two waves of different length, the phase from the seed. */
function wave(seed: number, seconds: number): number {
  return Math.sin(seconds / 410 + seed) * 0.6 + Math.sin(seconds / 97 + seed * 2.3) * 0.25;
}

const EXPRESSIONS: Record<string, FixtureSeries[]> = {
  up: [
    series({ __name__: 'up', instance: '127.0.0.1:9095', job: 'tidegauge' }, () => 1),
    series({ __name__: 'up', instance: 'db1.example:9100', job: 'node' }, () => 1),
    series({ __name__: 'up', instance: 'db2.example:9100', job: 'node' }, () => 0),
  ],
  'sum by (mode) (rate(node_cpu_seconds_total[1m]))': MODES.map((mode, index) =>
    series({ mode }, (t) => (HEIGHTS[mode] ?? 0.5) * (1 + 0.35 * wave(index, t))),
  ),
  scrape_duration_seconds: ['node', 'app', 'tidegauge'].map((job, index) =>
    series(
      { __name__: 'scrape_duration_seconds', instance: `${job}.example:9100`, job },
      (t) => 0.012 * (index + 1) * (1 + 0.3 * wave(index, t)),
    ),
  ),
  node_memory_MemAvailable_bytes: [
    series(
      { __name__: 'node_memory_MemAvailable_bytes', instance: 'db1.example:9100', job: 'node' },
      (t) => 2 ** 30 * (3 + 0.5 * wave(1, t)),
    ),
  ],
  with_gaps: [
    series({ __name__: 'with_gaps', part: 'broken' }, (t) =>
      Math.floor(t / 600) % 2 === 0 ? 2 + wave(3, t) : null,
    ),
    series({ __name__: 'with_gaps', part: 'whole' }, (t) => 1 + wave(4, t) / 2),
  ],
  many_series: Array.from({ length: 250 }, (_, index) =>
    series({ __name__: 'many_series', shard: String(index) }, (t) => index + wave(index, t)),
  ),
  nothing: [],
};

function series(labels: Record<string, string>, at: FixtureSeries['at']): FixtureSeries {
  return { labels, at };
}

/** Metric metadata in the API's shape. */
export const FIXTURE_METADATA = {
  up: [{ type: 'gauge', help: 'Whether the last scrape of the target succeeded.', unit: '' }],
  scrape_duration_seconds: [{ type: 'gauge', help: 'Duration of the scrape.', unit: 'seconds' }],
  node_cpu_seconds_total: [
    { type: 'counter', help: 'Seconds the CPUs spent in each mode.', unit: 'seconds' },
  ],
  node_memory_MemAvailable_bytes: [
    { type: 'gauge', help: 'Memory information field MemAvailable_bytes.', unit: 'bytes' },
  ],
};

export const FIXTURE_NAMES = [
  ...Object.keys(FIXTURE_METADATA),
  'many_series',
  'node_load1',
  'node_load15',
  'node_load5',
  'with_gaps',
];

/** Functions of this collector; the first is one that only this collector has. */
export const FIXTURE_FUNCTIONS = { abs_tide: true, absent: true, rate: true, sort_by_label: false };

/** The plan of `sum(rate(node_cpu_seconds_total[1m]))`, measured. */
export const FIXTURE_ANALYSIS = {
  plan: planNode({
    operator: 'aggregate',
    detail: 'sum',
    end: 37,
    measured: figures({ ownMs: 0.4, totalMs: 3.5, series: 1, samples: 241, samplesRead: 2880 }),
    children: [
      planNode({
        operator: 'call',
        detail: 'rate',
        start: 4,
        end: 36,
        measured: figures({ ownMs: 3.1, totalMs: 3.1, series: 8, samples: 1928 }),
      }),
    ],
  }),
  stats: { evaluationMs: 3.5, samplesRead: 2880, peakSamples: 2169 },
};

function planNode(fields: Partial<PlanNode>): PlanNode {
  const node = { operator: '', detail: '', start: 0, end: 0, steps: 241, children: [] };
  return { ...node, isInvariant: false, ...fields };
}

function figures(fields: Partial<PlanFigures>): PlanFigures {
  const none = { ownMs: 0, totalMs: 0, series: 0, samples: 0 };
  return { ...none, seriesRead: 8, samplesRead: 2880, ...fields };
}

/** One source in every state; `contacts` goes up with each reading, as a live one's total does. */
export function fixtureSources(nowMs: number, contacts: number): Source[] {
  const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();
  return [
    source('pull/tidegauge/self', { lastContact: ago(2), samplesTotal: 900 * contacts }),
    source('pull/node/db1', {
      name: 'node',
      endpoint: 'http://db1.example:9100/metrics',
      labels: { instance: 'db1.example:9100', job: 'node', zone: 'north' },
      lastContact: ago(7),
      samplesPerContact: 1204,
      samplesTotal: 1204 * contacts,
    }),
    source('pull/node/db2', {
      name: 'node',
      endpoint: 'http://db2.example:9100/metrics',
      labels: { instance: 'db2.example:9100', job: 'node', zone: 'south' },
      state: 'late',
      lastContact: ago(24),
      lastError: 'connect ECONNREFUSED 192.0.2.14:9100',
    }),
    source('pull/app/web7', {
      name: 'app',
      endpoint: 'https://web7.example/metrics',
      labels: { instance: 'web7.example', job: 'app' },
      state: 'expected',
      lastContact: null,
      lastDurationSeconds: null,
      samplesPerContact: 0,
    }),
    source('push/agent/host', {
      kind: 'push',
      name: 'agent',
      endpoint: 'in-process, exposition',
      labels: { instance: 'host.example', job: 'node' },
      lastContact: ago(3),
      samplesPerContact: 386,
      samplesTotal: 386 * contacts,
    }),
    troubledAgent(ago, contacts),
    source('push/remote-write/edge', {
      kind: 'push',
      name: 'remote-write',
      endpoint: '198.51.100.7:51944, remote write 1.0',
      labels: { cluster: 'edge' },
      state: 'silent',
      lastContact: ago(4200),
      rejectedTotal: 112,
      lastError: 'out of order sample: time 1700000000000, newest 1700000009000',
    }),
    source('push/pushgateway/backup', {
      kind: 'push',
      name: 'backup',
      endpoint: '192.0.2.80, pushgateway',
      labels: { job: 'backup', instance: 'nightly' },
      state: 'ended',
      lastContact: ago(93_000),
      intervalSeconds: null,
      samplesPerContact: 14,
    }),
  ];
}

function troubledAgent(ago: (seconds: number) => string, contacts: number): Source {
  return source('push/tide/edge-7', {
    kind: 'push',
    name: 'tide',
    endpoint: '192.0.2.7 (tide.v1, websocket)',
    labels: { agent: 'edge-7', instance: 'edge-7', job: 'tidegauge-agent' },
    lastContact: ago(1),
    samplesPerContact: 431,
    samplesTotal: 431 * contacts,
    rejectedTotal: 431,
    problems: [
      {
        code: 'clock',
        since: null,
        text: 'Its clock is 3.4s behind this one',
        advice: 'Have both kept by NTP: its samples stand at wrong times by as much.',
      },
      {
        code: 'rejected_out_of_order',
        since: ago(780),
        text: '431 samples were refused: they are older than the store takes',
        advice:
          'Raise tidegauge.storage.out_of_order_window to the longest absence to be repaired.',
      },
    ],
  });
}

/** Of the one agent: a little was refused, and a minute of it is lost. */
export function fixtureCompleteness(nowMs: number): CompletenessData {
  const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();
  const terms = {
    ...{ scheduled: 862_000, stored: 859_845, suppressed: 0, shed: 0, failed: 0, rejected: 431 },
    ...{ missing: 0, degraded: 0, lost: 1724, down: 0, inFlight: 0 },
  };
  const lost = { group: 1, state: 'LOST', samples: 1724, reason: 'EVICTED' };
  return {
    sources: [
      {
        ...{ id: 'push/tide/edge-7', class: 'exact', completeThrough: ago(9) },
        ratios: { intent: 859_845 / 862_000, transport: 0.998 },
        terms,
        holes: [{ ...lost, start: ago(7200), end: ago(7155) }],
      },
    ],
  };
}

function source(id: string, fields: Partial<Source>): Source {
  return {
    id,
    kind: 'pull',
    name: 'tidegauge',
    labels: { instance: '127.0.0.1:9095', job: 'tidegauge' },
    state: 'live',
    lastContact: null,
    lastError: '',
    intervalSeconds: 15,
    samplesPerContact: 212,
    samplesTotal: 0,
    rejectedTotal: 0,
    lastDurationSeconds: 0.0123,
    endpoint: 'http://127.0.0.1:9095/metrics',
    problems: [],
    ...fields,
  };
}
