import type { Appender } from '../../storage/api.ts';
import type { ScrapeConfig } from './config/scrape-config.ts';
import { type Discovery, staticDiscovery, type TargetGroup } from './discovery/discovery.ts';
import { FileDiscovery } from './discovery/file-discovery.ts';
import { type LocalTarget, LocalTargetFactory, type LocalTargetOptions } from './local-targets.ts';
import { silentPullMetrics } from './metrics.ts';
import type { ScrapeTarget } from './target/scrape-target.ts';

/** Bad targets that one look at the discovered ones writes to the log. */
const LOGGED_TARGETS_MAX = 5;

/**
 * The targets of one scrape configuration whose files are watched, relabelled as the collector
 * would. Who scrapes them asks which they are, each time.
 */
export class LocalPool {
  readonly jobName: string;
  readonly intervalMs: number;
  readonly #factory: LocalTargetFactory;
  readonly #options: LocalTargetOptions;
  readonly #discoveries: readonly Discovery[];
  readonly #groups: (readonly TargetGroup[] | undefined)[];
  #targets: ReadonlyMap<string, ScrapeTarget> = new Map();

  constructor(config: ScrapeConfig, options: LocalTargetOptions) {
    this.jobName = config.jobName;
    this.intervalMs = config.scrapeIntervalMs;
    this.#options = options;
    this.#factory = new LocalTargetFactory(config, options);
    const { clock, logger, metrics = silentPullMetrics() } = options;
    this.#discoveries = [
      staticDiscovery(config.staticConfigs),
      ...config.fileSdConfigs.map((files) => {
        return new FileDiscovery({ config: files, clock, logger, metrics });
      }),
    ];
    this.#groups = this.#discoveries.map(() => undefined);
  }

  /** Those there are now, by what tells them apart. */
  get targets(): ReadonlyMap<string, ScrapeTarget> {
    return this.#targets;
  }

  start(): void {
    for (const [index, discovery] of this.#discoveries.entries()) {
      discovery.start((found) => {
        this.#groups[index] = found;
        this.#sync();
      });
    }
  }

  open(target: ScrapeTarget, appender: () => Appender): LocalTarget {
    return this.#factory.open(target, appender);
  }

  async close(): Promise<void> {
    for (const discovery of this.#discoveries) discovery.stop();
    await this.#factory.close();
  }

  #sync(): void {
    // Until every discovery has reported, what is missing is not known to be gone.
    if (this.#groups.includes(undefined)) return;
    const targets = new Map<string, ScrapeTarget>();
    let invalid = 0;
    const groups = this.#groups.flatMap((found) => found ?? []);
    for (const { source, targets: addresses, labels } of groups) {
      for (const address of addresses) {
        const built = this.#factory.build(address, labels);
        if (built.kind === 'active') targets.set(built.target.key, built.target);
        if (built.kind !== 'invalid' || ++invalid > LOGGED_TARGETS_MAX) continue;
        const { reason } = built;
        const where = { scrapePool: this.jobName, group: source, address, reason };
        this.#options.logger.error(where, 'bad target');
      }
    }
    this.#targets = targets;
  }
}
