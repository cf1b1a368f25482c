import { formatDuration } from '../model/index.ts';
import { EXTRA_PATH } from './agents/exporter-agent.ts';
import type { LabOptions, StrategyName } from './lab-options.ts';

/** File of the collector's folder in which discovery finds targets. */
export const TARGETS_FILE = 'targets.json';

/** What has changed of the collector's configuration since it was started. */
export interface ConfigChange {
  readonly hasExtra?: boolean;
  /** Interval of a second, faster job for the first target. */
  readonly fastMs?: number;
}

export interface Strategy {
  readonly name: StrategyName;
  readonly title: string;
  readonly dials: 'agent' | 'collector';
  /** What an agent must be told, or have, before its first sample arrives. */
  readonly agentFacts: readonly string[];
  /** What the collector must be told of each agent. */
  readonly collectorFacts: readonly string[];
  /** Who is touched to give agents another collector, and to change an interval. */
  readonly touched: {
    moveCollector(agents: number): string;
    changeInterval(agents: number): string;
  };
}

const URL_FACT = 'URL of the collector';

export const STRATEGIES: Readonly<Record<StrategyName, Strategy>> = {
  pull: {
    name: 'pull',
    title: 'pull (scrape)',
    dials: 'collector',
    agentFacts: ['port to listen on, open to the collector'],
    collectorFacts: ['address of each agent, by discovery'],
    touched: {
      moveCollector: () => '1 collector',
      changeInterval: () => '1 collector',
    },
  },
  'remote-write': {
    name: 'remote-write',
    title: 'push (remote write)',
    dials: 'agent',
    agentFacts: [URL_FACT, 'credentials', 'interval', 'size of its buffer'],
    collectorFacts: [],
    touched: {
      moveCollector: (agents) => `${agents} agents`,
      changeInterval: (agents) => `${agents} agents`,
    },
  },
  gateway: {
    name: 'gateway',
    title: 'push (gateway API)',
    dials: 'agent',
    agentFacts: [URL_FACT, 'credentials', 'its grouping key', 'interval'],
    collectorFacts: ['rhythm in which groups are sampled again'],
    touched: {
      moveCollector: (agents) => `${agents} agents`,
      changeInterval: (agents) => `${agents} agents and the collector`,
    },
  },
  hybrid: {
    name: 'hybrid',
    title: 'hybrid (session)',
    dials: 'agent',
    agentFacts: [URL_FACT, 'hash of its CA', 'token'],
    collectorFacts: [],
    touched: {
      moveCollector: (agents) => `${agents} agents`,
      changeInterval: () => 'for a while: 1 request (LEASE); for good: each agent',
    },
  },
};

/** The collector's configuration. Of pull it holds all; of the others next to nothing. */
export function configOf(
  { name }: Strategy,
  { intervalMs }: Pick<LabOptions, 'intervalMs'>,
  { hasExtra = false, fastMs }: ConfigChange = {},
): string {
  const interval = formatDuration(intervalMs);
  if (name === 'gateway') {
    return `tidegauge:\n  push:\n    pushgateway_resample: ${interval}\n`;
  }
  if (name !== 'pull') return 'scrape_configs: []\n';
  const job = (jobName: string, more: readonly string[]): string[] => [
    `- job_name: ${jobName}`,
    `  file_sd_configs: [{files: [${TARGETS_FILE}]}]`,
    ...more,
  ];
  const fast = fastMs === undefined ? '' : formatDuration(fastMs);
  const onlyFirst = '  relabel_configs: [{source_labels: [__agent], regex: "0", action: keep}]';
  return [
    `global: {scrape_interval: ${interval}, scrape_timeout: ${interval}}`,
    'scrape_configs:',
    ...job('lab', []),
    ...(hasExtra ? job('extra', [`  metrics_path: ${EXTRA_PATH}`]) : []),
    ...(fastMs === undefined
      ? []
      : job('fast', [`  scrape_interval: ${fast}`, `  scrape_timeout: ${fast}`, onlyFirst])),
    '',
  ].join('\n');
}
