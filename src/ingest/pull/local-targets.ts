import type { Appender } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import { IngestKernel } from '../kernel/index.ts';
import { compileRelabel, type RelabelRules } from '../relabel/index.ts';
import type { ScrapeConfig } from './config/scrape-config.ts';
import { BodyBufferPool } from './http/body-buffer.ts';
import { HttpTransport } from './http/http-transport.ts';
import { scrapeHeaders } from './http/request-headers.ts';
import { CommitRounds } from './loop/commit-rounds.ts';
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
      rounds: new CommitRounds(options.clock, 0),
      metrics: options.metrics ?? silentPullMetrics(),
    });
  }

  /** Scrapes once, samples at `timestamp`; what fails is in the outcome. */
  scrape(timestamp: number, signal: AbortSignal): Promise<ScrapeOutcome> {
    return this.#scraper.scrape(timestamp, signal, undefined);
  }

  /** It is not scraped any more: ends its series at `timestamp`. */
  async end(timestamp: number): Promise<void> {
    this.#scraper.announceEnd();
    await this.#scraper.end(timestamp);
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

/** Makes the targets of one scrape configuration, which share what is made for it. */
export class LocalTargetFactory {
  readonly #config: ScrapeConfig;
  readonly #options: LocalTargetOptions;
  readonly #kernel: IngestKernel;
  readonly #transport: HttpTransport;
  readonly #targetRules: RelabelRules;
  readonly #metricRules: RelabelRules;

  constructor(config: ScrapeConfig, options: LocalTargetOptions) {
    const { clock } = options;
    this.#config = config;
    this.#options = options;
    this.#kernel = new IngestKernel({ identityBytes: IDENTITY_BYTES, clock });
    this.#transport = new HttpTransport(config.http, clock);
    this.#targetRules = compileRelabel(config.relabelConfigs);
    this.#metricRules = compileRelabel(config.metricRelabelConfigs);
  }

  build(address: string, labels: Readonly<Record<string, string>>): ReturnType<typeof buildTarget> {
    return buildTarget(address, labels, this.#config, this.#targetRules);
  }

  open(target: ScrapeTarget, appender: () => Appender): LocalTarget {
    const config = this.#config;
    const options = this.#options;
    const headers = scrapeHeaders(config, target.timeoutMs, `Tidegauge/${options.version}`);
    const settings: ScrapeSettings = {
      rules: { config, targetLabels: target.labels, metricRules: this.#metricRules },
      transport: this.#transport,
      request: { url: target.url, headers },
    };
    return new LocalTarget(target, settings, appender, { ...options, kernel: this.#kernel });
  }

  close(): Promise<void> {
    return this.#transport.close();
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
  const factories: LocalTargetFactory[] = [];
  for (const config of configs) {
    const factory = new LocalTargetFactory(config, options);
    factories.push(factory);
    for (const { targets: addresses, labels } of config.staticConfigs) {
      for (const address of addresses) {
        const built = factory.build(address, labels);
        if (built.kind === 'invalid') {
          problems.push(`${config.jobName}: ${address}: ${built.reason}`);
        }
        if (built.kind !== 'active') continue;
        targets.push(factory.open(built.target, appenderOf(built.target)));
      }
    }
  }
  const close = async (): Promise<void> => {
    await Promise.all(factories.map((factory) => factory.close()));
  };
  return { targets, problems, close };
}
