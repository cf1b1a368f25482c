import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { HostAgent, remoteWriteSender } from '../agent/index.ts';
import type { HttpServer, ServerControl } from '../api/index.ts';
import { Operators, startHttpServer, TlsMaterialSource, type TlsOptions } from '../api/index.ts';
import type { LoadedConfig } from '../config/index.ts';
import {
  type AgentSessions,
  Authority,
  createAgentSessions,
  createPushHandlers,
  IngestKernel,
  PullManager,
  scrapeThrough,
} from '../ingest/index.ts';
import type { PullManagerOptions, PushDependencies, PushHandlers } from '../ingest/index.ts';
import { formatDuration, Labels, messageOf } from '../model/index.ts';
import type { QueryPool } from '../query/index.ts';
import { createQueryPool } from '../query/index.ts';
import { SourceRegistry } from '../sources/index.ts';
import type { EmbeddedStorage } from '../storage/index.ts';
import { openStorage } from '../storage/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { registerProcessMetrics } from '../telemetry/index.ts';
import { packageRoot, systemClock, workerEntry } from '../util/index.ts';
import { registerLedgerMetrics } from './ledger-metrics.ts';
import { registerProblemMetrics } from './problem-metrics.ts';
import { createPullMetrics } from './pull-metrics.ts';
import { createPushMetrics } from './push-metrics.ts';
import { registerServerMetrics } from './server-metrics.ts';
import { createSessionMetrics } from './session-metrics.ts';
import { settingsForRestart } from './settings-for-restart.ts';
import { readBuildInfo } from './version.ts';

export interface CollectorOptions {
  readonly config: LoadedConfig;
  /** Reads the configuration again, for a reload. @throws ConfigError */
  readonly readConfig: () => LoadedConfig;
  readonly listen: string;
  /** Of the listener with TLS; '' for none. */
  readonly tlsListen: string;
  readonly dataDir: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

/** The running collector. */
export interface Collector {
  readonly url: string;
  /** Of the listener with TLS, and the pin of the authority behind it. */
  readonly tlsUrl: string | undefined;
  readonly pin: string | undefined;
  /** @throws ConfigError, and the configuration in force stays. */
  reload(): Promise<void>;
  /** Stops taking anything in, finishes what is under way, closes the store. */
  close(): Promise<void>;
}

/**
 * A sync of the log takes 0.2 ms of CPU, as much as a scrape of a thousand samples otherwise does;
 * and that much later nobody minds seeing what was scraped.
 */
const SCRAPE_COMMIT_INTERVAL_MS = 50;

/**
 * Puts a collector together and starts it. Parts start in the order in which data needs them, the
 * store first, and stop in the opposite order.
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const assembly = new Assembly(options);
  try {
    return await assembly.start();
  } catch (error) {
    await assembly.close();
    throw error;
  }
}

/** What takes a configuration that was loaded again. */
interface Reloadable {
  readonly pull: PullManager;
  readonly agents: AgentSessions;
  readonly operators: Operators;
  readonly server: HttpServer;
}

class Assembly {
  readonly #options: CollectorOptions;
  readonly #registry = new Registry();
  readonly #build = readBuildInfo();
  readonly #startTimeMs = systemClock.now();
  /** What stops each part, in order of starting. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  #config: LoadedConfig;
  #lastReload: { success: boolean; timeMs: number };
  #ready = false;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#lastReload = { success: true, timeMs: this.#startTimeMs };
  }

  async start(): Promise<Collector> {
    const { logger, config } = this.#options;
    const { components } = config;
    const registry = this.#registry;
    const maxPushSources = components.sources.max_push_sources;
    const sources = new SourceRegistry({ clock: systemClock, maxPushSources });
    this.#closers.push(registerProcessMetrics(registry));
    const storage = await this.#openStorage();
    const identityBytes = components.push.identity_cache_bytes;
    const kernel = new IngestKernel({ identityBytes, clock: systemClock });
    const push = await this.#startPush({ storage, kernel, sources });
    const authority = this.#openAuthority();
    const agents = this.#startAgents(storage, sources, authority);
    const pull = this.#startPull({ storage, kernel, sources }, agents);
    const queries = this.#startQueries(storage);
    registerServerMetrics(registry, {
      build: this.#build,
      storage,
      ingestKernel: kernel,
      sources,
      queries,
      lastReload: () => this.#lastReload,
    });
    const operators = new Operators(components.web.operator_token_file);
    const reload = (): Promise<void> => this.#reload({ pull, agents, operators, server });
    const server: HttpServer = await startHttpServer({
      options: { ...components.web, listen: this.#options.listen },
      clock: systemClock,
      logger: logger.child({ part: 'http' }),
      registry,
      storage,
      queries,
      queryOptions: components.query,
      sources,
      targets: () => pull.targets(),
      scrapePools: () => pull.scrapePools(),
      targetMetadata: () => pull.targetMetadata(),
      control: this.#control(reload),
      ...this.#agentParts(agents, authority),
      operators,
      agentUrls: () => this.#agentUrls(server),
      // Agents first: what short jobs push is let in by the credentials of agents.
      rawHandlers: [agents, push],
      uiDirectory: uiDirectory(),
    });
    this.#closers.push(async () => {
      // The server waits for every connection.
      await agents.close();
      await server.close();
    });
    pull.apply(config.scrapeConfigs);
    this.#startHostAgent(server.url);
    this.#ready = true;
    return {
      url: server.url,
      tlsUrl: server.tlsUrl,
      pin: authority?.pin,
      reload,
      close: () => this.close(),
    };
  }

  /** Stops what was started, last first; one that fails does not keep the others from it. */
  async close(): Promise<void> {
    this.#ready = false;
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.#options.logger.error({ err: messageOf(error) }, 'a part did not stop well');
      }
    }
  }

  #startPull(
    parts: Pick<PullManagerOptions, 'storage' | 'kernel' | 'sources'>,
    agents: AgentSessions,
  ): PullManager {
    const pull = new PullManager({
      ...parts,
      clock: systemClock,
      logger: this.#options.logger.child({ part: 'pull' }),
      metrics: createPullMetrics(this.#registry),
      version: this.#build.version,
      agentTransport: scrapeThrough(agents.sessions),
      commitIntervalMs: SCRAPE_COMMIT_INTERVAL_MS,
    });
    this.#closers.push(() => pull.stop());
    return pull;
  }

  async #openStorage(): Promise<EmbeddedStorage> {
    const { logger, dataDir, config } = this.#options;
    const storage = await openStorage(
      { ...config.components.storage, data_dir: dataDir },
      { log: logger.child({ part: 'storage' }) },
    );
    this.#closers.push(() => storage.close());
    return storage;
  }

  async #startPush(
    parts: Pick<PushDependencies, 'storage' | 'kernel' | 'sources'>,
  ): Promise<PushHandlers> {
    const push = createPushHandlers({
      ...parts,
      clock: systemClock,
      logger: this.#options.logger.child({ part: 'push' }),
      metrics: createPushMetrics(this.#registry),
      options: this.#config.components.push,
      version: this.#build.version,
    });
    await push.start();
    this.#closers.push(() => push.close());
    return push;
  }

  /** The own authority, which there is where there is TLS. */
  #openAuthority(): Authority | undefined {
    const options = this.#tlsOptions(this.#config);
    if (options.listen === '') return undefined;
    const folder = options.ca_dir === '' ? join(this.#options.dataDir, 'tls') : options.ca_dir;
    return Authority.open(folder, systemClock);
  }

  #tlsOptions(config: LoadedConfig): TlsOptions {
    return { ...config.components.tls, listen: this.#options.tlsListen };
  }

  #agentParts(agents: AgentSessions, authority: Authority | undefined) {
    const parts = { agents: agents.sessions, credentials: agents.credentials };
    if (authority === undefined) return parts;
    const tls = {
      material: new TlsMaterialSource(this.#tlsOptions(this.#config), authority, systemClock),
      clientAuthorityPem: authority.certificatePem,
      faultOf: (request: IncomingMessage) => agents.certificateFault(request),
    };
    return { ...parts, tls };
  }

  #startAgents(
    storage: EmbeddedStorage,
    sources: SourceRegistry,
    authority: Authority | undefined,
  ): AgentSessions {
    const registry = this.#registry;
    const agents = createAgentSessions({
      storage,
      sources,
      clock: systemClock,
      logger: this.#options.logger.child({ part: 'agents' }),
      options: this.#config.components.agents,
      outOfOrderWindowMs: this.#config.components.storage.out_of_order_window_ms,
      metrics: createSessionMetrics(registry),
      runId: randomBytes(6).toString('hex'),
      authority,
    });
    this.#closers.push(() => agents.close());
    registerLedgerMetrics(registry, agents.sessions, systemClock);
    registerProblemMetrics(registry, agents.sessions);
    return agents;
  }

  #startQueries(storage: EmbeddedStorage): QueryPool {
    const pool = createQueryPool({
      options: this.#config.components.query,
      entry: workerEntry('query-worker'),
      workerHandle: () => storage.workerHandle(),
      queryable: storage,
    });
    this.#closers.push(() => pool.close());
    return pool;
  }

  #startHostAgent(url: string): void {
    const options = this.#config.components.host_metrics;
    if (!options.enabled) return;
    const sender = remoteWriteSender(`${url}/api/v1/write`);
    const agent = new HostAgent({
      options,
      labels: Labels.fromObject({ job: options.job, instance: hostname() }),
      clock: systemClock,
      logger: this.#options.logger.child({ part: 'host-metrics' }),
      send: sender.send,
    });
    agent.start();
    this.#closers.push(async () => {
      await agent.stop();
      await sender.close();
    });
  }

  /** The listener with TLS under the names that its certificate is likely to have. */
  #agentUrls({ url, tlsUrl }: HttpServer): string[] {
    const { server_names: names } = this.#config.components.tls;
    if (tlsUrl === undefined) return [url];
    const { port, hostname: host } = new URL(tlsUrl);
    return [...names, host === 'localhost' ? hostname() : host].map((name) => {
      return `https://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`;
    });
  }

  async #reload({ pull, agents, operators, server }: Reloadable): Promise<void> {
    const { logger, readConfig } = this.#options;
    try {
      const loaded = readConfig();
      agents.reload(loaded.components.agents);
      operators.reload();
      server.reloadTls(this.#tlsOptions(loaded));
      pull.apply(loaded.scrapeConfigs);
      this.#config = loaded;
    } catch (error) {
      this.#lastReload = { success: false, timeMs: this.#lastReload.timeMs };
      throw error;
    }
    this.#lastReload = { success: true, timeMs: systemClock.now() };
    const { file, components } = this.#config;
    logger.info({ file }, 'configuration loaded again');
    const settings = settingsForRestart(this.#options.config.components, components);
    if (settings.length > 0) {
      logger.warn({ file, settings }, 'settings that take effect when the collector is restarted');
    }
  }

  #control(reload: () => Promise<void>): ServerControl {
    const { flags, dataDir } = this.#options;
    const { retention_ms: retentionMs } = this.#config.components.storage;
    return {
      build: this.#build,
      startTimeMs: this.#startTimeMs,
      dataDir,
      retention: retentionMs === 0 ? 'for ever' : formatDuration(retentionMs),
      externalLabels: () => this.#config.externalLabels,
      configYaml: () => this.#config.yaml,
      flags: () => flags,
      lastReload: () => this.#lastReload,
      isReady: () => this.#ready,
      reload,
    };
  }
}

/** The built page; none where only the server was built. */
function uiDirectory(): string | undefined {
  const directory = fileURLToPath(new URL('dist/ui', packageRoot()));
  return existsSync(directory) ? directory : undefined;
}
