import { hostname } from 'node:os';
import {
  AgentRing,
  AgentRuntime,
  connector,
  DEFAULT_RING_OPTIONS,
  disklessEpoch,
  type GroupSetup,
  reconnectMaxMs,
} from '../agent/runtime/index.ts';
import { isLegacyMetricName, Labels, METRIC_NAME } from '../model/index.ts';
import { Guard } from './guard.ts';
import { RegistrySource } from './registry-source.ts';
import type {
  ClientOptions,
  ClientStatus,
  ClientWarning,
  EventOptions,
  TidegaugeClient,
} from './types.ts';

const INTERVAL_MS = 15_000;
const INTERVAL_MS_MIN = 100;
const CHECK_MS = 1000;
const CHECK_MS_MIN = 50;
const BUFFER_BYTES = 4 * 1024 * 1024;
const BUFFER_BYTES_MIN = 65_536;
const CLOSE_TIMEOUT_MS = 2000;
const LEASE_SAMPLES_PER_SECOND_MAX = 5000;
/** Of this package: told to collectors. */
const VERSION = 'client';
const AGENT_ID_CHARS_MAX = 128;

const NOTHING: ClientStatus = {
  connected: false,
  series: 0,
  samples: 0,
  failedSamples: 0,
  sentBytes: 0,
  bufferedBytes: 0,
  reads: 0,
  errors: 0,
};

/**
 * Begins to push at once. Options that make no sense are told as a warning, and the client then
 * does nothing: a program must not fail for its metrics.
 */
export function createClient(options: ClientOptions): TidegaugeClient {
  return new Client(options);
}

class Client implements TidegaugeClient {
  readonly #guard = new Guard();
  /** Undefined where the options are wrong, and after `close`. */
  #runtime: AgentRuntime | undefined;
  readonly #starting: Promise<void>;
  /** What ran before `close`. */
  #closed: AgentRuntime | undefined;

  constructor(options: ClientOptions) {
    this.#guard.run(() => options.registry?.attach?.(this));
    // In a later turn, so that `on('warning')` can be called before anything is told.
    this.#starting = this.#guard.settle(async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#runtime = await openRuntime(options, this.#guard);
      this.#runtime.start();
    });
  }

  event(name: string, options: EventOptions = {}): void {
    this.#guard.run(() => {
      if (this.#runtime === undefined) {
        // It happened before the client was ready: that is a matter of one turn.
        void this.#starting.then(() => this.#event(name, options));
      } else {
        this.#event(name, options);
      }
    });
  }

  #event(name: string, { value = 1, labels = {}, help = '' }: EventOptions): void {
    this.#guard.run(() => {
      if (!isLegacyMetricName(name)) {
        this.#guard.warn('an event was not pushed', { name, reason: 'no metric name' });
        return;
      }
      const all = Labels.fromObject({ ...labels, [METRIC_NAME]: name });
      const describe = () =>
        ({ family: name, type: 'gauge', unit: '', help, priority: 'A' }) as const;
      this.#runtime?.event([{ labels: all, value, describe }]);
    });
  }

  async flush(): Promise<void> {
    await this.#starting;
    await this.#guard.settle(async () => {
      await this.#runtime?.sampleAll();
      this.#runtime?.flush();
    });
  }

  async close(timeoutMs = CLOSE_TIMEOUT_MS): Promise<void> {
    // While somebody waits for the end the process has to live.
    const alive = setTimeout(() => {}, timeoutMs + 1000);
    await this.#starting;
    await this.#guard.settle(async () => {
      const runtime = this.#runtime;
      if (runtime === undefined) return;
      await Promise.race([runtime.sampleAll(), ended(timeoutMs)]);
      this.#runtime = undefined;
      this.#closed = runtime;
      await runtime.stop('DONE', timeoutMs);
    });
    clearTimeout(alive);
  }

  status(): ClientStatus {
    const of = (this.#runtime ?? this.#closed)?.status();
    const { errors } = this.#guard;
    if (of === undefined) return { ...NOTHING, errors };
    return {
      connected: of.inSession,
      series: of.series,
      samples: of.totals.present,
      failedSamples: of.totals.failed,
      sentBytes: of.sentBytes,
      bufferedBytes: of.ringUsedBytes,
      reads: of.reads,
      errors,
    };
  }

  on(_event: 'warning', listener: (warning: ClientWarning) => void): this {
    this.#guard.add(listener);
    return this;
  }

  off(_event: 'warning', listener: (warning: ClientWarning) => void): this {
    this.#guard.remove(listener);
    return this;
  }
}

async function openRuntime(options: ClientOptions, guard: Guard): Promise<AgentRuntime> {
  const { collector, job, registry } = options;
  if (!/^https?:\/\/[^/]/.test(collector) || !URL.canParse(collector)) {
    throw new TypeError(`collector ${JSON.stringify(collector)}, want a URL`);
  }
  const instance = options.instance ?? `${hostname()}:${process.pid}`;
  const agentId = `${job}:${instance}`.replaceAll(/[^A-Za-z0-9._:-]/g, '-');
  const clock = guard.clock();
  const epoch = disklessEpoch(clock.now(), Math.random);
  const memoryBytes = Math.max(BUFFER_BYTES_MIN, options.bufferBytes ?? BUFFER_BYTES);
  const ring = await AgentRing.open({
    ...DEFAULT_RING_OPTIONS,
    epoch: epoch.epoch,
    memoryBytes,
  });
  const exposition = async () => {
    const text = (await registry?.metrics?.()) ?? '';
    const contentType = 'text/plain; version=0.0.4; charset=utf-8';
    return { contentType, body: new TextEncoder().encode(text) };
  };
  return new AgentRuntime({
    agentId: agentId.slice(0, AGENT_ID_CHARS_MAX),
    version: VERSION,
    bootReason: 'START',
    epoch,
    ring,
    clock,
    random: Math.random,
    logger: guard.logger(),
    connect: guard.connect(
      connector({
        url: collector,
        token: () => options.token,
        userAgent: 'Tidegauge-client',
        keepsAlive: false,
      }),
    ),
    reconnect: { transport: options.transport ?? 'auto', maxMs: reconnectMaxMs(collector) },
    externalLabels: Labels.fromObject({ ...options.labels, job, instance }),
    groups: registry === undefined ? [] : [groupOf(options, registry, guard)],
    allowed: {
      exposition: (name) =>
        name === 'self' && registry?.metrics !== undefined ? exposition : undefined,
      functions: new Map(),
    },
    leaseSamplesPerSecondMax: LEASE_SAMPLES_PER_SECOND_MAX,
    flushes: false,
    onFenced: (reason) => guard.warn('the collector refuses this client for good', { reason }),
  });
}

function groupOf(
  { intervalMs, onChange }: ClientOptions,
  registry: MetricSource,
  guard: Guard,
): GroupSetup {
  const everyMs = Math.max(INTERVAL_MS_MIN, Math.round(intervalMs ?? INTERVAL_MS));
  const checkMs = Math.max(CHECK_MS_MIN, Math.round(onChange?.checkMs ?? CHECK_MS));
  const common = {
    open: (namer: ConstructorParameters<typeof RegistrySource>[0]) =>
      new RegistrySource(namer, registry, (problem) =>
        guard.warn('series are left out', { problem }),
      ),
    anchorMs: 0,
    syncMs: everyMs,
    priority: 'B' as const,
    batchTicks: 1,
  };
  if (onChange === undefined) return { ...common, intervalMs: everyMs, mode: 'SAMPLE' };
  const tolerance = { kind: 'ABSOLUTE', value: Math.max(0, onChange.tolerance ?? 0) } as const;
  return { ...common, intervalMs: Math.min(checkMs, everyMs), mode: 'ON_CHANGE', tolerance };
}

type MetricSource = ConstructorParameters<typeof RegistrySource>[1];

function ended(timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, timeoutMs).unref();
  });
}
