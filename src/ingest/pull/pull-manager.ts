import type { Appender, AppenderOptions } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import { IngestKernel } from '../kernel/index.ts';
import type { ScrapeConfig } from './config/scrape-config.ts';
import { BodyBufferPool } from './http/body-buffer.ts';
import { HttpTransport } from './http/http-transport.ts';
import { ScrapeError } from './errors.ts';
import type { ScrapeTransport, TransportFactory } from './http/transport.ts';
import { CommitRounds } from './loop/commit-rounds.ts';
import { EndingSeries } from './loop/ending-series.ts';
import type { NamedMetadata } from './loop/family-metadata.ts';
import type { PullMetrics } from './metrics.ts';
import { type PoolEnvironment, ScrapePool } from './pool/scrape-pool.ts';
import { activeTarget, droppedTarget, type TargetStatus } from './pool/target-status.ts';
import type { PullSources } from './sources.ts';

export interface PullManagerOptions {
  readonly clock: Clock;
  readonly storage: { appender(options?: AppenderOptions): Appender };
  readonly sources: PullSources;
  readonly metrics: PullMetrics;
  readonly logger: Logger;
  /** Of this program: targets are told `Tidegauge/VERSION`. */
  readonly version: string;
  /** Stands for the loopback in `globalUrl`; that stays as it is unless set. */
  readonly globalHostname?: string;
  /** Shared with pushes; one of its own unless set. */
  readonly kernel?: IngestKernel;
  /** How long scrapes may wait for others to be committed with; 0, not at all, unless set. */
  readonly commitIntervalMs?: number;
  /** HTTP unless set. */
  readonly transport?: TransportFactory;
  /** For jobs that name an agent; without it their scrapes fail. */
  readonly agentTransport?: (agentId: string) => ScrapeTransport;
}

/** Metadata that a target gives, with the labels of the target. */
export interface TargetMetadata {
  readonly targetLabels: Readonly<Record<string, string>>;
  readonly scrapePool: string;
  readonly metadata: readonly NamedMetadata[];
}

/** Of a kernel of its own. */
const IDENTITY_BYTES = 2 ** 28;

function transportFactory({ clock, agentTransport }: PullManagerOptions): TransportFactory {
  const noAgents = (agentId: string): ScrapeTransport => ({
    get: () => {
      const message = `no sessions of agents are taken here, ${agentId} is wanted`;
      return Promise.reject(new ScrapeError('connection', message));
    },
    close: () => Promise.resolve(),
  });
  return (config) =>
    config.agentId === undefined
      ? new HttpTransport(config, clock)
      : (agentTransport ?? noAgents)(config.agentId);
}

/** Everything that is pulled: a pool of targets for each scrape configuration. */
export class PullManager {
  readonly #environment: Omit<PoolEnvironment, 'appender'>;
  readonly #storage: PullManagerOptions['storage'];
  readonly #globalHostname: string;
  readonly #pools = new Map<string, ScrapePool>();
  /** Pools that have gone from the configuration, until their last markers are written. */
  readonly #gone = new Set<ScrapePool>();

  constructor(options: PullManagerOptions) {
    const { clock, storage, version, globalHostname, kernel } = options;
    const { sources, metrics, logger } = options;
    this.#globalHostname = globalHostname ?? '';
    this.#storage = storage;
    this.#environment = {
      sources,
      metrics,
      logger,
      clock,
      userAgent: `Tidegauge/${version}`,
      targetsChanged: () => this.#countTargets(),
      buffers: new BodyBufferPool(),
      ending: new EndingSeries(),
      rounds: new CommitRounds(clock, options.commitIntervalMs ?? 0),
      kernel: kernel ?? new IngestKernel({ identityBytes: IDENTITY_BYTES, clock }),
      sourceLoops: new Map(),
      transport: options.transport ?? transportFactory(options),
    };
  }

  /**
   * Goes by these configurations, which `resolveScrapeConfigs` found no fault in. Targets that
   * stay as they are go on without a break.
   */
  apply(configs: readonly ScrapeConfig[]): void {
    const wanted = new Map(configs.map((config) => [config.jobName, config]));
    for (const [name, pool] of this.#pools) {
      if (wanted.has(name)) continue;
      this.#pools.delete(name);
      this.#gone.add(pool);
      void pool.end(() => this.#gone.delete(pool));
    }
    this.#countTargets();
    for (const [name, config] of wanted) {
      const pool = this.#pools.get(name);
      if (pool === undefined) this.#startPool(config);
      else pool.configure(config);
    }
  }

  /** Names of the scrape pools, in order. */
  scrapePools(): readonly string[] {
    return [...this.#pools.keys()].sort();
  }

  /** The body of `/api/v1/targets`, by pool and in order of discovery. */
  targets(): TargetStatus {
    const pools = this.scrapePools().flatMap((name) => this.#pools.get(name) ?? []);
    return {
      activeTargets: pools.flatMap((pool) =>
        pool.loops.map((loop) => activeTarget(pool.name, loop, this.#globalHostname)),
      ),
      droppedTargets: pools.flatMap((pool) =>
        pool.dropped.map((labels) => droppedTarget(pool.name, labels)),
      ),
      droppedTargetCounts: Object.fromEntries(pools.map((pool) => [pool.name, pool.droppedCount])),
    };
  }

  /** What the targets say of their metric families. */
  targetMetadata(): readonly TargetMetadata[] {
    return [...this.#pools.values()].flatMap((pool) =>
      pool.loops.map((loop) => ({
        targetLabels: loop.target.labels.toObject(),
        scrapePool: pool.name,
        metadata: loop.metadata(),
      })),
    );
  }

  /** Aborts what is under way and closes all connections; writes no staleness markers. */
  async stop(): Promise<void> {
    const pools = [...this.#pools.values(), ...this.#gone];
    this.#pools.clear();
    this.#gone.clear();
    await Promise.all(pools.map((pool) => pool.abort()));
  }

  #countTargets(): void {
    let count = 0;
    for (const pool of this.#pools.values()) count += pool.targetCount;
    this.#environment.metrics.activeTargets.set(count);
  }

  #startPool(config: ScrapeConfig): void {
    const source = `scrape/${config.jobName}`;
    const appender = (): Appender => this.#storage.appender({ source });
    const pool = new ScrapePool(config, { ...this.#environment, appender });
    this.#pools.set(config.jobName, pool);
    pool.start();
  }
}
