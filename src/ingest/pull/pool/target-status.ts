import { formatDuration } from '../../../model/index.ts';
import type { Labels } from '../../../model/index.ts';
import type { ScrapeLoop, TargetHealth } from '../loop/scrape-loop.ts';

type LabelObject = Readonly<Record<string, string>>;

/** A target that is scraped, as `/api/v1/targets` gives it. */
export interface ActiveTarget {
  readonly discoveredLabels: LabelObject;
  readonly labels: LabelObject;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly globalUrl: string;
  readonly lastError: string;
  /** RFC 3339; the year 1 before the first scrape. */
  readonly lastScrape: string;
  /** Seconds. */
  readonly lastScrapeDuration: number;
  readonly health: TargetHealth;
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

/** A target that relabelling dropped, as `/api/v1/targets` gives it. */
export interface DroppedTarget {
  readonly discoveredLabels: LabelObject;
  readonly scrapePool: string;
}

export interface TargetStatus {
  readonly activeTargets: readonly ActiveTarget[];
  readonly droppedTargets: readonly DroppedTarget[];
  /** By scrape pool, those that are not kept included. */
  readonly droppedTargetCounts: Readonly<Record<string, number>>;
}

const ZERO_TIME = '0001-01-01T00:00:00Z';

/** @param globalHostname stands for the loopback in the global URL; '' leaves that as it is. */
export function activeTarget(
  scrapePool: string,
  loop: ScrapeLoop,
  globalHostname: string,
): ActiveTarget {
  const { target, state } = loop;
  return {
    discoveredLabels: target.discoveredLabels.toObject(),
    labels: target.labels.toObject(),
    scrapePool,
    scrapeUrl: target.url,
    globalUrl: globalUrl(target.url, globalHostname),
    lastError: state.lastError,
    lastScrape:
      state.lastScrapeMs === undefined ? ZERO_TIME : new Date(state.lastScrapeMs).toISOString(),
    lastScrapeDuration: state.lastDurationMs / 1000,
    health: state.health,
    scrapeInterval: formatDuration(target.intervalMs),
    scrapeTimeout: formatDuration(target.timeoutMs),
  };
}

export function droppedTarget(scrapePool: string, discoveredLabels: Labels): DroppedTarget {
  return { discoveredLabels: discoveredLabels.toObject(), scrapePool };
}

const LOOPBACK = /^(https?:\/\/)(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/?]|$)/;

function globalUrl(url: string, hostname: string): string {
  return hostname === '' ? url : url.replace(LOOPBACK, (_, scheme: string) => scheme + hostname);
}
