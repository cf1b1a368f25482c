import type { Appender } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import { IngestKernel } from '../kernel/index.ts';
import { compileRelabel } from '../relabel/index.ts';
import type { ScrapeConfig } from './config/scrape-config.ts';
import { BodyBufferPool } from './http/body-buffer.ts';
import { HttpTransport } from './http/http-transport.ts';
import { scrapeHeaders } from './http/request-headers.ts';
import { EndingSeries } from './loop/ending-series.ts';
import { Scraper, type ScrapeOutcome, type ScrapeSettings } from './loop/scraper.ts';
import { type PullMetrics, silentPullMetrics } from './metrics.ts';
import { buildTarget, type ScrapeTarget } from './target/scrape-target.ts';

/** Series of the targets of one configuration that are known by their bytes. */
const IDENTITY_BYTES = 64 * 1024 * 1024;

export interface LocalTargetOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of this program: targets are told `Tidegauge/VERSION`. */
  readonly version: string;
  readonly metrics?: PullMetrics;
}

/**
 * A target that is scraped when its owner says so, into the owner's appender: the same scrape as
 * that of the collector, without a schedule of its own. One scrape at a time.
 */
export class LocalTarget {
  readonly target: ScrapeTarget;
  readonly jobName: string;
  readonly #settings: ScrapeSettings;
  readonly #scraper: Scraper;
  readonly #buffers: BodyBufferPool;
  readonly #clock: Clock;

  constructor(
    target: ScrapeTarget,
    settings: ScrapeSettings,
    appender: () => Appender,
    options: LocalTargetOptions & { readonly kernel: IngestKernel },
  ) {
    this.target = target;
    this.jobName = settings.rules.config.jobName;
    this.#settings = settings;
    this.#clock = options.clock;
    this.#buffers = new BodyBufferPool();
    this.#scraper = new Scraper(target, settings, {
      ...options,
      appender,
      buffers: this.#buffers,
      ending: new EndingSeries(),
      metrics: options.metrics ?? silentPullMetrics(),
    });
  }

  /** Scrapes once, samples at `timestamp`; what fails is in the outcome. */
  scrape(timestamp: number, signal: AbortSignal): Promise<ScrapeOutcome> {
    return this.#scraper.scrape(timestamp, signal, undefined);
  }

  /**
   * What the target itself says, uncompressed; `accept` '' asks as a scrape does. The bytes are the
   * caller's.
   * @throws ScrapeError
   */
  async read(
    accept: string,
    signal: AbortSignal,
  ): Promise<{ readonly contentType: string; readonly body: Uint8Array }> {
    const { transport, request, rules } = this.#settings;
    const body = this.#buffers.acquire();
    body.reset(rules.config.bodySizeLimitBytes);
    const abort = new AbortController();
    const cancel = this.#clock.setTimer(this.target.timeoutMs, () => abort.abort());
    try {
      const headers = accept === '' ? request.headers : { ...request.headers, accept };
      const either = AbortSignal.any([signal, abort.signal]);
      const contentType = await transport.get({ ...request, headers }, body, either);
      return { contentType, body: body.bytes.slice(0, body.length) };
    } finally {
      cancel();
      this.#buffers.release(body);
    }
  }
}

export interface OpenedTargets {
  readonly targets: readonly LocalTarget[];
  /** Addresses that make no target, and why. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/**
 * The static targets of scrape configurations, relabelled as the collector would.
 * @param appenderOf what a target's scrapes go to.
 */
export function openLocalTargets(
  configs: readonly ScrapeConfig[],
  appenderOf: (target: ScrapeTarget) => () => Appender,
  options: LocalTargetOptions,
): OpenedTargets {
  const targets: LocalTarget[] = [];
  const problems: string[] = [];
  const transports: HttpTransport[] = [];
  const { clock } = options;
  for (const config of configs) {
    const kernel = new IngestKernel({ identityBytes: IDENTITY_BYTES, clock });
    const transport = new HttpTransport(config.http, clock);
    transports.push(transport);
    const targetRules = compileRelabel(config.relabelConfigs);
    const metricRules = compileRelabel(config.metricRelabelConfigs);
    const groups = config.staticConfigs;
    for (const { address, labels } of groups.flatMap((group) =>
      group.targets.map((address) => ({ address, labels: group.labels })),
    )) {
      const built = buildTarget(address, labels, config, targetRules);
      if (built.kind === 'invalid') problems.push(`${config.jobName}: ${address}: ${built.reason}`);
      if (built.kind !== 'active') continue;
      const { target } = built;
      const headers = scrapeHeaders(config, target.timeoutMs, `Tidegauge/${options.version}`);
      const settings: ScrapeSettings = {
        rules: { config, targetLabels: target.labels, metricRules },
        transport,
        request: { url: target.url, headers },
      };
      const environment = { ...options, kernel };
      targets.push(new LocalTarget(target, settings, appenderOf(target), environment));
    }
    if (config.fileSdConfigs.length > 0) {
      problems.push(`${config.jobName}: file_sd_configs are for the collector alone`);
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all(transports.map((transport) => transport.close()));
  };
  return { targets, problems, close };
}
