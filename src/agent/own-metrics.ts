import type { MetricType } from '../model/index.ts';
import type { RuntimeStatus } from './runtime/runtime-options.ts';
import type { OwnMetric } from './sampling/own-source.ts';
import type { UnsentCounts } from './sampling/scrape-source.ts';

/** Of samples; whole frames have a count of their own. */
const REASONS = [
  ...(['LIMIT', 'OUT_OF_BOUNDS', 'OUT_OF_ORDER', 'CONFLICT', 'FORBIDDEN', 'SCHEMA'] as const),
];

/** What an agent tells of itself. */
export function ownMetrics(status: () => RuntimeStatus, unsent: UnsentCounts): OwnMetric[] {
  return [
    ...sampleMetrics(status, unsent),
    ...rejectionMetrics(status),
    ...sessionMetrics(status),
    ...processMetrics(status),
  ];
}

type Describe = (
  type: MetricType,
  name: string,
  help: string,
  value: (of: RuntimeStatus) => number,
) => OwnMetric;

function describing(status: () => RuntimeStatus): Describe {
  return (type, name, help, value) => ({
    ...{ name: `tidegauge_agent_${name}`, type, help },
    value: () => value(status()),
  });
}

function sampleMetrics(status: () => RuntimeStatus, unsent: UnsentCounts): OwnMetric[] {
  const metric = describing(status);
  return [
    metric(
      'gauge',
      'series',
      'Series in the table: sampled, or with samples in the ring.',
      (of) => {
        return of.series;
      },
    ),
    metric('gauge', 'schema_bytes', 'Bytes of schemas held for the batches in the ring.', (of) => {
      return of.schemaBytes;
    }),
    metric('gauge', 'index_entries', 'Entries of the index over the batches in the ring.', (of) => {
      return of.indexEntries;
    }),
    metric('counter', 'samples_scheduled_total', 'Samples due by schedule.', (of) => {
      return of.totals.scheduled;
    }),
    metric('counter', 'samples_present_total', 'Samples sealed.', (of) => of.totals.present),
    metric('counter', 'samples_suppressed_total', 'Samples left out as unchanged.', (of) => {
      return of.totals.suppressed;
    }),
    metric('counter', 'samples_shed_total', 'Samples given up under load.', (of) => of.totals.shed),
    metric(
      'counter',
      'samples_dampened_total',
      'Of those, changes too soon after another.',
      (of) => {
        return of.totals.dampened;
      },
    ),
    metric('gauge', 'ladder_step', 'What the agent does less of: 0 nothing, 1 to 7.', (of) => {
      return of.ladderIndex;
    }),
    metric('counter', 'samples_failed_total', 'Samples that could not be read.', (of) => {
      return of.totals.failed;
    }),
    metric('counter', 'histograms_unsent_total', 'Native histograms read and not sent.', (of) => {
      return of.totals.histogramsUnsent + unsent.histograms;
    }),
    metric('counter', 'exemplars_unsent_total', 'Exemplars read and not sent.', () => {
      return unsent.exemplars;
    }),
    metric('counter', 'batches_sealed_total', 'Batches sealed.', (of) => of.sealedBatches),
    metric(
      'counter',
      'seal_delay_seconds_total',
      'From the newest sample of each batch until it was sealed and sent, added up.',
      (of) => of.sealDelayMs / 1000,
    ),
  ];
}

function rejectionMetrics(status: () => RuntimeStatus): OwnMetric[] {
  const help = 'Samples that the collector will never store.';
  return [
    ...REASONS.map((reason): OwnMetric => {
      return {
        ...{ name: 'tidegauge_agent_samples_rejected_total', type: 'counter', help },
        label: ['reason', reason.toLowerCase()],
        value: () => status().rejectedSamples[reason],
      };
    }),
    describing(status)(
      'counter',
      'frames_rejected_total',
      'Frames that the collector will never store.',
      (of) => of.rejectedFrames,
    ),
  ];
}

function sessionMetrics(status: () => RuntimeStatus): OwnMetric[] {
  const metric = describing(status);
  return [
    metric('counter', 'sent_bytes_total', 'Bytes of frames sent.', (of) => of.sentBytes),
    metric('counter', 'sent_frames_total', 'Frames sent.', (of) => of.sentFrames),
    metric('counter', 'frames_deferred_total', 'Live frames left to be pulled later.', (of) => {
      return of.deferredFrames;
    }),
    metric('counter', 'connections_total', 'Attempts to connect.', (of) => of.connections),
    metric('counter', 'sessions_total', 'Sessions that were opened.', (of) => of.sessions),
    metric('gauge', 'clock_ahead_seconds', "This clock before the collector's.", (of) => {
      return of.clockAheadMs === undefined ? Number.NaN : of.clockAheadMs / 1000;
    }),
    metric('gauge', 'session_open', 'Whether a session is open.', (of) => Number(of.inSession)),
    metric('gauge', 'ring_used_bytes', 'Bytes held in the ring.', (of) => of.ringUsedBytes),
    metric('gauge', 'ring_limit_bytes', 'Bytes that the ring may hold.', (of) => of.ringLimitBytes),
    metric('counter', 'ring_write_failures_total', 'Failed writes of the ring.', (of) => {
      return of.ringFailures;
    }),
    metric(
      'gauge',
      'data_folder_missing',
      'Whether the data folder is gone while in use.',
      (of) => {
        return Number(of.isDiskLost);
      },
    ),
    metric('counter', 'reads_total', 'Reads answered.', (of) => of.reads),
    metric('gauge', 'leases_active', 'Leases that are active.', (of) => of.leases),
  ];
}

function processMetrics(status: () => RuntimeStatus): OwnMetric[] {
  const metric = describing(status);
  return [
    metric('counter', 'faults_total', 'Faults within the agent.', (of) => of.faults),
    metric('counter', 'cpu_seconds_total', 'CPU time of the agent.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    metric('gauge', 'resident_memory_bytes', 'Resident memory of the agent.', () => {
      return process.memoryUsage.rss();
    }),
  ];
}
