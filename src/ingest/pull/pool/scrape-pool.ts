import type { Labels } from '../../../model/index.ts';
import { compileRelabel, type RelabelRules } from '../../relabel/index.ts';
import type { ScrapeConfig } from '../config/scrape-config.ts';
import { fingerprint } from '../config/secret.ts';
import { type Discovery, staticDiscovery, type TargetGroup } from '../discovery/discovery.ts';
import { FileDiscovery } from '../discovery/file-discovery.ts';
import { ScrapeError } from '../errors.ts';
import { scrapeHeaders } from '../http/request-headers.ts';
import type { ScrapeTransport, TransportFactory } from '../http/transport.ts';
import { type LoopEnvironment, ScrapeLoop } from '../loop/scrape-loop.ts';
import type { ScrapeSettings } from '../loop/scraper.ts';
import { buildTarget, type ScrapeTarget } from '../target/scrape-target.ts';

/** Dropped targets that are kept to be shown, where the configuration sets no limit. */
const DROPPED_TARGETS_MAX = 10_000;

/** Bad targets that one look at the discovered ones writes to the log. */
const LOGGED_TARGETS_MAX = 5;

export interface PoolEnvironment extends LoopEnvironment {
  readonly transport: TransportFactory;
  readonly userAgent: string;
  /**
   * The loop that each source id stands for, of all pools: of a target that is scraped, or that
   * ended last. A job that comes back has another pool, while its old one still ends.
   */
  readonly sourceLoops: Map<string, ScrapeLoop>;
  /** Called when targets came or went. */
  readonly targetsChanged: () => void;
}

/** All targets of one scrape configuration, and what scrapes them. */
export class ScrapePool {
  readonly #environment: PoolEnvironment;
  #config: ScrapeConfig;
  #targetRules: RelabelRules;
  #metricRules: RelabelRules;
  #transport: ScrapeTransport;
  /** In order of discovery; by target key. */
  readonly #loops = new Map<string, ScrapeLoop>();
  /** Loops of targets that have gone, until their markers are written. */
  readonly #ending = new Set<ScrapeLoop>();
  #finished: (() => void) | undefined;
  #discoveries: readonly Discovery[] = [];
  /** What each discovery reported last; undefined before its first report. */
  #groups: (readonly TargetGroup[] | undefined)[] = [];
  #dropped: Labels[] = [];
  #droppedCount = 0;

  constructor(config: ScrapeConfig, environment: PoolEnvironment) {
    this.#environment = environment;
    this.#config = config;
    this.#targetRules = compileRelabel(config.relabelConfigs);
    this.#metricRules = compileRelabel(config.metricRelabelConfigs);
    this.#transport = environment.transport(config.http);
  }

  get name(): string {
    return this.#config.jobName;
  }

  get targetCount(): number {
    return this.#loops.size;
  }

  /** Loops of the targets that are scraped. */
  get loops(): readonly ScrapeLoop[] {
    return [...this.#loops.values()];
  }

  /** Discovered labels of targets that relabelling dropped; `droppedCount` may be larger. */
  get dropped(): readonly Labels[] {
    return this.#dropped;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  start(): void {
    this.#discover();
  }

  /**
   * Goes by another configuration of the same job. Targets whose URL, labels and times stay the
   * same are scraped on without a break.
   */
  configure(config: ScrapeConfig): void {
    const old = this.#config;
    if (fingerprint(old) === fingerprint(config)) return;
    this.#config = config;
    this.#targetRules = compileRelabel(config.relabelConfigs);
    this.#metricRules = compileRelabel(config.metricRelabelConfigs);
    if (fingerprint(old.http) !== fingerprint(config.http)) {
      this.#closeTransport();
      this.#transport = this.#environment.transport(config.http);
    }
    const sameSeries = seriesFingerprint(old) === seriesFingerprint(config);
    for (const loop of this.#loops.values()) {
      loop.configure(this.#settingsFor(loop.target), sameSeries);
    }
    if (discoveryFingerprint(old) === discoveryFingerprint(config)) this.#sync();
    else this.#discover();
  }

  /**
   * The job has gone from the configuration.
   * @param finished called when the last staleness marker is written, unless `abort` comes before.
   */
  async end(finished: () => void): Promise<void> {
    this.#finished = finished;
    this.#stopDiscoveries();
    await Promise.all(this.loops.map((loop) => this.#endLoop(loop)));
    this.#closeTransport();
    this.#checkFinished();
  }

  /** The process ends: aborts what is under way. */
  async abort(): Promise<void> {
    this.#stopDiscoveries();
    const loops = [...this.#loops.values(), ...this.#ending];
    this.#loops.clear();
    this.#ending.clear();
    await Promise.all(loops.map((loop) => loop.abort()));
    await this.#transport.close();
  }

  #discover(): void {
    this.#stopDiscoveries();
    const { clock, logger, metrics } = this.#environment;
    const { staticConfigs, fileSdConfigs } = this.#config;
    const discoveries = [
      staticDiscovery(staticConfigs),
      ...fileSdConfigs.map((config) => new FileDiscovery({ config, clock, logger, metrics })),
    ];
    const groups: (readonly TargetGroup[] | undefined)[] = discoveries.map(() => undefined);
    this.#discoveries = discoveries;
    this.#groups = groups;
    for (const [index, discovery] of discoveries.entries()) {
      discovery.start((found) => {
        groups[index] = found;
        if (this.#groups === groups) this.#sync();
      });
    }
  }

  #stopDiscoveries(): void {
    for (const discovery of this.#discoveries) discovery.stop();
    this.#discoveries = [];
    this.#groups = [];
  }

  #sync(): void {
    // Until every discovery has reported, what is missing is not known to be gone.
    if (this.#groups.includes(undefined)) return;
    const targets = this.#buildTargets();
    for (const [key, loop] of this.#loops) {
      if (targets.has(key)) continue;
      void this.#endLoop(loop);
    }
    for (const target of targets.values()) {
      if (!this.#loops.has(target.key)) this.#startLoop(target);
    }
    this.#checkTargetLimit();
    this.#environment.targetsChanged();
  }

  #buildTargets(): ReadonlyMap<string, ScrapeTarget> {
    const { logger, metrics } = this.#environment;
    const targets = new Map<string, ScrapeTarget>();
    const keep = this.#config.keepDroppedTargets || DROPPED_TARGETS_MAX;
    this.#dropped = [];
    this.#droppedCount = 0;
    let invalid = 0;
    for (const group of this.#groups.flatMap((found) => found ?? [])) {
      for (const address of group.targets) {
        const result = buildTarget(address, group.labels, this.#config, this.#targetRules);
        if (result.kind === 'active') {
          targets.set(result.target.key, result.target);
        } else if (result.kind === 'dropped') {
          this.#droppedCount++;
          if (this.#dropped.length < keep) this.#dropped.push(result.discoveredLabels);
        } else if (++invalid <= LOGGED_TARGETS_MAX) {
          const { reason } = result;
          logger.error(
            { scrapePool: this.name, group: group.source, address, reason },
            'bad target',
          );
        }
      }
    }
    if (invalid > 0) metrics.invalidTargets.inc(invalid);
    return targets;
  }

  #startLoop(target: ScrapeTarget): void {
    const sourceId = this.#sourceId(target);
    const loop = new ScrapeLoop(target, sourceId, this.#settingsFor(target), this.#environment);
    this.#loops.set(target.key, loop);
    this.#environment.sourceLoops.set(sourceId, loop);
    this.#environment.sources.expect({
      id: sourceId,
      kind: 'pull',
      name: this.name,
      labels: target.labels,
      endpoint: target.url,
      intervalMs: target.intervalMs,
    });
    loop.start();
  }

  async #endLoop(loop: ScrapeLoop): Promise<void> {
    const { sources, sourceLoops } = this.#environment;
    const { sourceId } = loop;
    this.#loops.delete(loop.target.key);
    this.#ending.add(loop);
    await loop.end(() => {
      this.#ending.delete(loop);
      if (sourceLoops.get(sourceId) === loop) {
        sourceLoops.delete(sourceId);
        sources.remove(sourceId);
      }
      this.#checkFinished();
    });
    if (this.#ending.has(loop) && sourceLoops.get(sourceId) === loop) sources.end(sourceId);
  }

  #checkFinished(): void {
    if (this.#loops.size === 0 && this.#ending.size === 0) this.#finished?.();
  }

  /** One target at a time has a source; a second one of the same URL gets a longer id. */
  #sourceId(target: ScrapeTarget): string {
    const plain = `pull/${this.name}/${target.url}`;
    const holder = this.#environment.sourceLoops.get(plain);
    const free = holder === undefined || this.#loops.get(holder.target.key) !== holder;
    return free ? plain : `${plain}#${target.hash.toString(16)}`;
  }

  #settingsFor(target: ScrapeTarget): ScrapeSettings {
    const config = this.#config;
    const headers = scrapeHeaders(config, target.timeoutMs, this.#environment.userAgent);
    return {
      rules: { config, targetLabels: target.labels, metricRules: this.#metricRules },
      transport: this.#transport,
      request: { url: target.url, headers },
    };
  }

  #checkTargetLimit(): void {
    const { targetLimit } = this.#config;
    const count = this.#loops.size;
    const over = targetLimit > 0 && count > targetLimit;
    if (over) this.#environment.metrics.exceededTargetLimit.inc();
    const message = `target_limit exceeded (number of targets: ${count}, limit: ${targetLimit})`;
    const error = over ? new ScrapeError('target_limit', message) : undefined;
    for (const loop of this.#loops.values()) loop.forceError(error);
  }

  #closeTransport(): void {
    const transport = this.#transport;
    transport.close().catch(() => {
      // Its connections are lost anyway.
    });
  }
}

/** Of what decides the labels under which series are stored. */
function seriesFingerprint(config: ScrapeConfig): string {
  const { honorLabels, nameValidation, metricRelabelConfigs } = config;
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = config;
  const limits = [labelLimit, labelNameLengthLimit, labelValueLengthLimit];
  return fingerprint({ honorLabels, nameValidation, metricRelabelConfigs, limits });
}

function discoveryFingerprint(config: ScrapeConfig): string {
  return fingerprint([config.staticConfigs, config.fileSdConfigs]);
}
