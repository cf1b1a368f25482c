import { dirname } from 'node:path';
import type { z } from 'zod';
import type { AgentOptions, SyntheticLoad } from '../agent/index.ts';
import { AgentSetupError, agentOptionsSchema } from '../agent/index.ts';
import type { ScrapeConfig } from '../ingest/index.ts';
import { resolveScrapeConfigs } from '../ingest/index.ts';
import { formatDuration, parseDuration } from '../model/index.ts';
import { readAgentFile } from './agent-file.ts';

export interface AgentFlags {
  readonly collector?: string;
  readonly config?: string;
  readonly data?: string;
  readonly memoryOnly?: boolean;
  readonly id?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly join?: string;
  readonly joinToken?: string;
  readonly caHash?: string;
  readonly caFile?: string;
  /** NAME=URL */
  readonly scrape: readonly string[];
  /** NAME=VALUE */
  readonly label: readonly string[];
  readonly interval?: string;
  readonly receive?: string;
  readonly host: boolean;
  readonly onChange?: boolean;
  readonly transport?: AgentOptions['transport'];
  readonly syntheticSeries?: number;
  readonly syntheticAgents?: number;
  readonly syntheticFirst?: number;
}

export interface AgentSettings {
  readonly collector: string;
  /** One, but for synthetic loads. */
  readonly agents: readonly {
    readonly options: AgentOptions;
    readonly scrapeConfigs: readonly ScrapeConfig[];
    readonly synthetic?: SyntheticLoad;
  }[];
}

const SYNTHETIC_INTERVAL_MS = 1000;

/**
 * What the file and the flags say together; a flag wins.
 * @throws AgentSetupError with everything that is wrong.
 */
export function loadAgentSettings(flags: AgentFlags): AgentSettings {
  const file = flags.config ?? '(flags)';
  const source = flags.config === undefined ? undefined : readAgentFile(flags.config);
  const parsed = agentOptionsSchema.safeParse(withFlags(source?.settings ?? {}, flags));
  if (!parsed.success) {
    throw new AgentSetupError(`${file}: ${parsed.error.issues.map(formatIssue).join('; ')}`);
  }
  const options = parsed.data;
  const resolved = resolveScrapeConfigs(options.global, options.scrape_configs, dirname(file));
  if (resolved.issues.length > 0) {
    const issues = resolved.issues.map(({ path, message }) => {
      return source?.describe(path, message) ?? `${path.join('.')}: ${message}`;
    });
    throw new AgentSetupError(issues.join('\n'));
  }
  const { collector } = options;
  if (collector === undefined) {
    throw new AgentSetupError(
      'no collector: want --collector URL, such as --collector http://127.0.0.1:9095',
    );
  }
  const scrapeConfigs = resolved.configs;
  return { collector, agents: agentsOf(options, scrapeConfigs, flags) };
}

function agentsOf(
  options: AgentOptions,
  scrapeConfigs: readonly ScrapeConfig[],
  flags: AgentFlags,
): AgentSettings['agents'] {
  const { syntheticSeries: series, syntheticAgents: count = 1, syntheticFirst = 0 } = flags;
  if (series === undefined) return [{ options, scrapeConfigs }];
  const intervalMs = intervalOf(flags) ?? SYNTHETIC_INTERVAL_MS;
  return Array.from({ length: count }, (_, index) => {
    const agent = syntheticFirst + index;
    const id = count === 1 ? options.agent_id : undefined;
    const own = {
      ...options,
      agent_id: id ?? `synthetic-${agent}`,
      memory_only: options.memory_only || count > 1,
    };
    return { options: own, scrapeConfigs: [], synthetic: { agent, series, intervalMs } };
  });
}

/** The file's settings with those that flags give in their places. */
function withFlags(given: Readonly<Record<string, unknown>>, flags: AgentFlags): unknown {
  const intervalMs = intervalOf(flags);
  const token = flags.token ?? (process.env['TIDEGAUGE_TOKEN'] || undefined);
  const merged: Record<string, unknown> = { ...given };
  const set = (key: string, value: unknown): void => {
    if (value !== undefined) merged[key] = value;
  };
  set('collector', flags.collector);
  set('data', flags.data);
  set('memory_only', flags.memoryOnly);
  set('agent_id', flags.id);
  set('token', token);
  set('token_file', flags.tokenFile);
  set('join_token', flags.join ?? flags.joinToken);
  set('ca_hash', flags.caHash);
  set('ca_file', flags.caFile);
  set('transport', flags.transport);
  if (flags.receive !== undefined) {
    merged['receivers'] = { ...mapOf(given['receivers']), listen: flags.receive };
  }
  if (flags.onChange === true) merged['mode'] = 'on_change';
  if (intervalMs !== undefined) {
    const interval = { interval_ms: intervalMs };
    merged['host_metrics'] = { ...mapOf(given['host_metrics']), ...interval };
    merged['own_metrics'] = { ...mapOf(given['own_metrics']), ...interval };
    const text = formatDuration(intervalMs);
    const global = mapOf(given['global']);
    merged['global'] = { scrape_timeout: text, ...global, scrape_interval: text };
  }
  if (!flags.host) {
    merged['host_metrics'] = { ...mapOf(merged['host_metrics']), enabled: false };
  }
  if (flags.label.length > 0) {
    merged['labels'] = {
      ...mapOf(given['labels']),
      ...Object.fromEntries(flags.label.map(pairOf)),
    };
  }
  if (flags.scrape.length > 0) {
    const before: unknown = given['scrape_configs'];
    const listed: readonly unknown[] = Array.isArray(before) ? before : [];
    merged['scrape_configs'] = [...listed, ...flags.scrape.map(scrapeOf)];
  }
  return merged;
}

function mapOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A scrape configuration of NAME=URL. */
function scrapeOf(text: string): unknown {
  const [name, address] = pairOf(text);
  const whole = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(whole)) {
    throw new AgentSetupError(`--scrape ${text}: ${address} is no URL, want NAME=URL`);
  }
  const { protocol, host, pathname, searchParams } = new URL(whole);
  const params: Record<string, string[]> = {};
  for (const key of new Set(searchParams.keys())) params[key] = searchParams.getAll(key);
  return {
    job_name: name,
    scheme: protocol.slice(0, -1),
    metrics_path: pathname === '/' ? '/metrics' : pathname,
    params,
    static_configs: [{ targets: [host] }],
  };
}

function intervalOf({ interval }: AgentFlags): number | undefined {
  if (interval === undefined) return undefined;
  const intervalMs = parseDuration(interval);
  if (intervalMs !== undefined && intervalMs >= 100) return intervalMs;
  throw new AgentSetupError(
    `--interval ${interval}, want a duration of 100ms or more, such as 1s or 15s`,
  );
}

function formatIssue({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`;
}
