import { createHash } from 'node:crypto';
import { formatDuration, Labels, parseDuration } from '../../../model/index.ts';
import { isWellFormed, LabelBuilder, type RelabelRules } from '../../relabel/index.ts';
import type { ScrapeConfig } from '../config/scrape-config.ts';
import { targetUrl } from './target-url.ts';

const ADDRESS = '__address__';
const SCHEME = '__scheme__';
const METRICS_PATH = '__metrics_path__';
const SCRAPE_INTERVAL = '__scrape_interval__';
const SCRAPE_TIMEOUT = '__scrape_timeout__';
const PARAM_PREFIX = '__param_';
const META_PREFIX = '__meta_';
const RESERVED_PREFIX = '__';

/** An endpoint to scrape. */
export interface ScrapeTarget {
  /** Two targets of a pool are the same exactly when their keys are. */
  readonly key: string;
  /** Labels as discovered, before relabelling. */
  readonly discoveredLabels: Labels;
  /** Labels that go to every series of the target. */
  readonly labels: Labels;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Of key: decides when in the interval the target is scraped; an integer below 2^48. */
  readonly hash: number;
}

export type TargetResult =
  | { readonly kind: 'active'; readonly target: ScrapeTarget }
  | { readonly kind: 'dropped'; readonly discoveredLabels: Labels }
  | { readonly kind: 'invalid'; readonly discoveredLabels: Labels; readonly reason: string };

/**
 * Makes a target of one address and the labels of its group: fills in what the scrape
 * configuration says, relabels, and checks what comes out, as Prometheus does.
 */
export function buildTarget(
  address: string,
  groupLabels: Readonly<Record<string, string>>,
  config: ScrapeConfig,
  rules: RelabelRules,
): TargetResult {
  const discoveredLabels = discoverLabels(address, groupLabels, config);
  const builder = new LabelBuilder();
  builder.reset(discoveredLabels);
  if (!rules.applyTo(builder)) return { kind: 'dropped', discoveredLabels };
  const timing = checkTiming(builder);
  const reason = addressProblem(builder.get(ADDRESS)) ?? timing.reason;
  if (reason !== undefined) return { kind: 'invalid', discoveredLabels, reason };
  if (builder.get('instance') === '') builder.set('instance', builder.get(ADDRESS));
  const all = builder.labels();
  for (const [name, value] of all) {
    if (isWellFormed(value)) continue;
    const shown = JSON.stringify(value);
    return {
      kind: 'invalid',
      discoveredLabels,
      reason: `invalid label value for ${JSON.stringify(name)}: ${shown}`,
    };
  }
  return { kind: 'active', target: makeTarget(all, discoveredLabels, config, timing) };
}

function makeTarget(
  all: Labels,
  discoveredLabels: Labels,
  config: ScrapeConfig,
  timing: { readonly intervalMs: number; readonly timeoutMs: number },
): ScrapeTarget {
  const kept: string[] = [];
  const shown: string[] = [];
  const params: [string, string][] = [];
  for (const [name, value] of all) {
    if (name.startsWith(META_PREFIX)) continue;
    kept.push(name, value);
    if (!name.startsWith(RESERVED_PREFIX)) shown.push(name, value);
    if (name.startsWith(PARAM_PREFIX)) params.push([name.slice(PARAM_PREFIX.length), value]);
  }
  const url = targetUrl({
    scheme: all.get(SCHEME),
    host: all.get(ADDRESS),
    path: all.get(METRICS_PATH),
    params: mergeParams(config.params, params),
  });
  const key = `${Labels.fromPairs(kept).key} ${url}`;
  const digest = createHash('md5').update(key).digest();
  const labels = Labels.fromPairs(shown);
  return { key, discoveredLabels, labels, url, ...timing, hash: digest.readUIntBE(0, 6) };
}

function discoverLabels(
  address: string,
  groupLabels: Readonly<Record<string, string>>,
  config: ScrapeConfig,
): Labels {
  const defaults: Record<string, string> = {
    job: config.jobName,
    [SCRAPE_INTERVAL]: formatDuration(config.scrapeIntervalMs),
    [SCRAPE_TIMEOUT]: formatDuration(config.scrapeTimeoutMs),
    [METRICS_PATH]: config.metricsPath,
    [SCHEME]: config.scheme,
  };
  for (const [name, [first]] of Object.entries(config.params)) {
    if (first !== undefined) defaults[`${PARAM_PREFIX}${name}`] = first;
  }
  const merged = new Map(Object.entries(defaults));
  for (const [name, value] of Object.entries(groupLabels))
    if (value !== '') merged.set(name, value);
  merged.set(ADDRESS, address);
  return Labels.fromEntries(merged);
}

function addressProblem(address: string): string | undefined {
  if (address === '') return 'no address';
  return address.includes('/') ? `${JSON.stringify(address)} is not a valid hostname` : undefined;
}

interface Timing {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly reason?: string;
}

function checkTiming(builder: LabelBuilder): Timing {
  const interval = builder.get(SCRAPE_INTERVAL);
  const timeout = builder.get(SCRAPE_TIMEOUT);
  const intervalMs = parseDuration(interval);
  const timeoutMs = parseDuration(timeout);
  const bad = (reason: string): Timing => ({ intervalMs: 0, timeoutMs: 0, reason });
  if (intervalMs === undefined)
    return bad(`error parsing scrape interval: ${badDuration(interval)}`);
  if (intervalMs === 0) return bad('scrape interval cannot be 0');
  if (timeoutMs === undefined) return bad(`error parsing scrape timeout: ${badDuration(timeout)}`);
  if (timeoutMs === 0) return bad('scrape timeout cannot be 0');
  if (timeoutMs > intervalMs) {
    return bad(
      `scrape timeout cannot be greater than scrape interval ("${timeout}" > "${interval}")`,
    );
  }
  return { intervalMs, timeoutMs };
}

function badDuration(text: string): string {
  return text === ''
    ? 'empty duration string'
    : `not a valid duration string: ${JSON.stringify(text)}`;
}

/** A `__param_` label replaces the first value of its parameter. */
function mergeParams(
  configured: Readonly<Record<string, readonly string[]>>,
  labels: readonly (readonly [string, string])[],
): ReadonlyMap<string, readonly string[]> {
  const params = new Map<string, readonly string[]>(Object.entries(configured));
  for (const [name, value] of labels) {
    params.set(name, [value, ...(params.get(name) ?? []).slice(1)]);
  }
  return params;
}
