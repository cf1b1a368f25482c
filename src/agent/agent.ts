import { hostname } from 'node:os';
import { join } from 'node:path';
import type { LocalTarget, ScrapeConfig } from '../ingest/pull/index.ts';
import { LocalPool, openLocalTargets } from '../ingest/pull/index.ts';
import { assert, Labels, messageOf } from '../model/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Clock, FolderLock } from '../util/index.ts';
import type { AgentOptions } from './agent-options.ts';
import { connector } from './connection/connector.ts';
import { reconnectMaxMs } from './connection/reconnect.ts';
import { inDataFolder } from './data-folder.ts';
import { lockDataFolder } from './data-lock.ts';
import { type AgentEpoch, beginEpoch, disklessEpoch } from './epoch.ts';
import { HostSource } from './host/host-source.ts';
import {
  agentIdOf,
  type AgentTls,
  enroll,
  markRunning,
  markStopped,
  openTls,
  tokenOf,
} from './identity.ts';
import { ownMetrics } from './own-metrics.ts';
import type { OpenPushProtocols } from './receivers/push-protocols.ts';
import { ReceiverMetrics } from './receivers/receiver-metrics.ts';
import { Receivers } from './receivers/receivers.ts';
import type { AllowedReads } from './reads/read-answerer.ts';
import { localReads } from './reads/local-reads.ts';
import { AgentRing, DEFAULT_RING_OPTIONS } from './ring/agent-ring.ts';
import { type AgentRun, restartingAgent } from './restarting-agent.ts';
import { nodeRingFiles } from './ring/node-ring-files.ts';
import { AgentRuntime } from './runtime/agent-runtime.ts';
import type { GroupSetup, RuntimeStatus } from './runtime/runtime-options.ts';
import { type OwnMetric, OwnSource } from './sampling/own-source.ts';
import { PoolSource } from './sampling/pool-source.ts';
import { ScrapeSource, type UnsentCounts } from './sampling/scrape-source.ts';
import { SyntheticSource } from './sampling/synthetic-source.ts';

const LEAVE_TIMEOUT_MS = 5000;

/** Series that tell agent, series and tick, for tests and measurements. */
export interface SyntheticLoad {
  /** Of this agent, as it stands in the values. */
  readonly agent: number;
  readonly series: number;
  readonly intervalMs: number;
}

export interface AgentEnvironment {
  readonly options: AgentOptions;
  readonly collector: string;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly version: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly synthetic?: SyntheticLoad;
  /** For receivers; they need it, where some are asked for. */
  readonly openPushProtocols?: OpenPushProtocols;
  /** The collector wants this agent never again. */
  onFenced(reason: string): void;
}

/** A running agent. */
export interface Agent {
  readonly agentId: string;
  /** Groups that it samples, by name. */
  readonly groups: readonly string[];
  /** Where local programs may push; undefined where nothing listens. */
  readonly receiverUrl: string | undefined;
  /** What was configured and cannot be. */
  readonly problems: readonly string[];
  status(): RuntimeStatus;
  /** Says BYE, writes what it has, and ends. */
  stop(): Promise<void>;
}

/**
 * Puts an agent together and starts it. It listens on nothing unless receivers are asked for.
 * Where the clock is set back it goes on with another epoch.
 * @throws AgentSetupError, EpochFileError, CollectorRefusedError when it cannot enroll.
 */
export async function startAgent(environment: AgentEnvironment): Promise<Agent> {
  const { options, logger } = environment;
  const { data } = options;
  const lock = options.memory_only
    ? undefined
    : await inDataFolder(data, () => lockDataFolder(data));
  const unlock = async (): Promise<void> => {
    await lock?.release().catch((error: unknown) => {
      logger.warn({ err: messageOf(error) }, 'the lock of the data folder could not be removed');
    });
  };
  try {
    const agent = await restartingAgent({
      logger,
      start: (afterEpoch, again) =>
        inDataFolder(data, () => startRun(environment, lock, afterEpoch, again)),
      onFailed: (reason) => environment.onFenced(reason),
      onStopped: unlock,
    });
    return agent;
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function startRun(
  environment: AgentEnvironment,
  lock: FolderLock | undefined,
  afterEpoch: number,
  onClockSetBack: () => void,
): Promise<AgentRun> {
  const { options, clock, random, logger, version, collector } = environment;
  const userAgent = `Tidegauge/${version}`;
  const agentId = agentIdOf(options);
  const tls = await identify(environment, agentId, userAgent);
  const { identity } = tls;
  const onDisk = !options.memory_only;
  const hasCrashed = onDisk && markRunning(options.data);
  const epoch = await openEpoch(environment, afterEpoch);
  const ring = await openRing(options, epoch);
  const sources = new Sources(environment);
  const runtime = new AgentRuntime({
    agentId,
    version,
    bootReason: hasCrashed ? 'CRASH' : 'START',
    epoch,
    ring,
    clock,
    random,
    logger,
    connect: connector({
      url: collector,
      token: () => tokenOf(options),
      tls: () => tls.tls(),
      userAgent,
      keepsAlive: true,
    }),
    ...(identity === undefined ? {} : { identity }),
    reconnect: {
      transport: options.transport,
      maxMs: options.reconnect_max_ms ?? reconnectMaxMs(collector),
    },
    externalLabels: Labels.fromObject(options.labels),
    groups: sources.groups(() => runtime.status()),
    allowed: sources.allowed(() => runtime.status()),
    policyLimits: {
      accept: options.policy.accept,
      intervalMsMin: options.policy.interval_ms_min,
      allowOnChange: options.policy.allow_on_change,
    },
    leaseSamplesPerSecondMax: options.lease_samples_per_second_max,
    ...{ flushes: onDisk, clockSkewWarnMs: options.clock_skew_warn_ms },
    ...(lock === undefined ? {} : { isDiskKept: () => lock.isHeld() }),
    cpuBudget: options.cpu_budget_percent / 100,
    onClockSetBack,
    onFenced: (reason) => environment.onFenced(reason),
  });
  const receivers = await openReceivers(environment, runtime, sources);
  runtime.start();
  await receivers?.start();
  return {
    epoch: epoch.epoch,
    agentId,
    groups: runtime.groupNames,
    receiverUrl: receivers?.url,
    problems: sources.problems,
    status: () => runtime.status(),
    async stop() {
      await receivers?.close();
      await runtime.stop('SHUTDOWN', LEAVE_TIMEOUT_MS);
      await sources.close();
      if (onDisk) markStopped(options.data);
    },
  };
}

/** Receivers, where some are asked for. @throws AgentSetupError */
async function openReceivers(
  { options, clock, logger, version, synthetic, openPushProtocols }: AgentEnvironment,
  runtime: AgentRuntime,
  sources: Sources,
): Promise<Receivers | undefined> {
  if (options.receivers.listen === undefined || synthetic !== undefined) return undefined;
  assert(openPushProtocols !== undefined, 'receivers have protocols');
  const directory = join(options.data, 'groups');
  try {
    return await Receivers.open({
      options: options.receivers,
      intake: runtime.openIntake(),
      maxAgeMs: options.ring_max_age_ms,
      clock,
      logger,
      version,
      disk: options.memory_only ? undefined : { fileSystem: nodeRingFiles, directory },
      openProtocols: openPushProtocols,
      metrics: sources.receiverMetrics,
      unsent: sources.unsent,
    });
  } catch (error) {
    await runtime.stop('SHUTDOWN', 0);
    // Targets that are watched in files would keep the process from ending.
    await sources.close();
    if (!options.memory_only) markStopped(options.data);
    throw error;
  }
}

async function openEpoch(
  { options, clock, random }: AgentEnvironment,
  afterEpoch: number,
): Promise<AgentEpoch> {
  const wallMs = clock.now();
  if (options.memory_only) return disklessEpoch(Math.max(wallMs, afterEpoch + 1), random);
  return beginEpoch({ fileSystem: nodeRingFiles, directory: options.data, wallMs, random });
}

function openRing(options: AgentOptions, start: AgentEpoch): Promise<AgentRing> {
  const disk = { fileSystem: nodeRingFiles, directory: join(options.data, 'ring') };
  return AgentRing.open(
    {
      ...DEFAULT_RING_OPTIONS,
      ...start,
      memoryBytes: options.ring_memory_bytes,
      diskBytes: options.ring_disk_bytes,
      maxAgeMs: options.ring_max_age_ms,
    },
    options.memory_only ? undefined : disk,
  );
}

/** Certificates, and a join token changed for one where that is to be done. */
async function identify(
  { options, collector, clock, logger }: AgentEnvironment,
  agentId: string,
  userAgent: string,
): Promise<AgentTls> {
  const nowMs = clock.now();
  // What is wrong with it is to be said now, and not at every attempt to connect.
  tokenOf(options);
  const tls = await openTls(options, collector, agentId, nowMs);
  await enroll({ options, collector, agentId, userAgent, tls, nowMs });
  const { identity } = tls;
  if (identity?.expiresMs !== undefined && !identity.isValid(nowMs)) {
    const expires = new Date(identity.expiresMs).toISOString();
    const text = "this agent's certificate has expired, or is of another id: join again";
    logger.warn({ expires }, text);
  }
  return tls;
}

/** What the agent samples, and what of it may be read. */
class Sources {
  readonly #environment: AgentEnvironment;
  readonly #targets: LocalTarget[] = [];
  readonly #pools: PoolSource[] = [];
  readonly #closers: (() => Promise<void>)[] = [];
  readonly problems: string[] = [];
  readonly receiverMetrics = new ReceiverMetrics();
  readonly unsent: UnsentCounts = { histograms: 0, exemplars: 0 };

  constructor(environment: AgentEnvironment) {
    this.#environment = environment;
  }

  groups(status: () => RuntimeStatus): GroupSetup[] {
    const { options, clock, synthetic } = this.#environment;
    const groups: GroupSetup[] = [];
    if (synthetic !== undefined) {
      const { intervalMs } = synthetic;
      const open: GroupSetup['open'] = (namer) => new SyntheticSource(namer, synthetic);
      groups.push({ ...this.#setup(intervalMs, 0), open });
      return groups;
    }
    const { host_metrics: host, own_metrics: own } = options;
    const instance = hostname();
    if (host.enabled) {
      const labels = Labels.fromObject({ job: 'host', instance });
      const open: GroupSetup['open'] = (namer) => new HostSource(namer, labels, clock);
      groups.push({ ...this.#setup(host.interval_ms, 0), open });
    }
    if (own.enabled) {
      const labels = Labels.fromObject({ job: 'tidegauge-agent', instance });
      const open: GroupSetup['open'] = (namer) =>
        new OwnSource(namer, labels, this.#ownMetrics(status));
      groups.push({ ...this.#setup(own.interval_ms, 0), priority: 'C', open });
    }
    for (const config of this.#environment.scrapeConfigs) groups.push(...this.#scrapes(config));
    return groups;
  }

  allowed(status: () => RuntimeStatus): AllowedReads {
    const { options, clock, version } = this.#environment;
    return localReads({
      targets: () => [...this.#targets, ...this.#pools.flatMap(({ targets }) => targets)],
      named: options.allow_reads,
      clock,
      version,
      status,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
  }

  #ownMetrics(status: () => RuntimeStatus): OwnMetric[] {
    const { receivers } = this.#environment.options;
    const own = ownMetrics(status, this.unsent);
    return receivers.listen === undefined ? own : [...own, ...this.receiverMetrics.own()];
  }

  #setup(intervalMs: number, anchorMs: number): Omit<GroupSetup, 'open'> {
    const { options } = this.#environment;
    const { mode, tolerance, sync_ms: syncMs, batch_ticks: batchTicks } = options;
    return {
      intervalMs,
      anchorMs,
      mode: mode === 'on_change' ? 'ON_CHANGE' : 'SAMPLE',
      ...(tolerance === undefined ? {} : { tolerance: toleranceOf(tolerance) }),
      dampeningMs: options.dampening_ms,
      syncMs,
      priority: 'B',
      batchTicks,
    };
  }

  /** A job whose targets come and go is one group. */
  #pool(config: ScrapeConfig): GroupSetup {
    const { clock, logger, version } = this.#environment;
    const pool = new LocalPool(config, { clock, logger, version });
    this.#closers.push(() => pool.close());
    pool.start();
    return {
      ...this.#setup(pool.intervalMs, 0),
      open: (namer) => {
        const source = new PoolSource(pool, namer, { logger, unsent: this.unsent });
        this.#pools.push(source);
        return source;
      },
    };
  }

  #scrapes(config: ScrapeConfig): GroupSetup[] {
    if (config.fileSdConfigs.length > 0) return [this.#pool(config)];
    const { clock, logger, version } = this.#environment;
    // A scrape needs its appender before its group is there: it finds it when it runs.
    const appenders = new Map<
      string,
      Parameters<ConstructorParameters<typeof ScrapeSource>[0]>[0]
    >();
    const opened = openLocalTargets(
      [config],
      ({ key }) =>
        () => {
          const appender = appenders.get(key);
          if (appender === undefined) throw new RangeError(`no group scrapes ${key}`);
          return appender();
        },
      { clock, logger, version },
    );
    this.problems.push(...opened.problems);
    this.#closers.push(() => opened.close());
    return opened.targets.map((target) => {
      this.#targets.push(target);
      const { key, hash, intervalMs } = target.target;
      return {
        ...this.#setup(intervalMs, hash % intervalMs),
        open: (namer) =>
          new ScrapeSource(
            (appender) => {
              appenders.set(key, appender);
              return target;
            },
            namer,
            { logger, unsent: this.unsent },
          ),
      };
    });
  }
}

function toleranceOf({ kind, value, max }: NonNullable<AgentOptions['tolerance']>) {
  return { kind: KINDS[kind], value, ...(max === undefined ? {} : { max }) };
}

const KINDS = { absolute: 'ABSOLUTE', relative: 'RELATIVE', quantum: 'QUANTUM' } as const;
