import type {
  Audit,
  BootReason,
  ByeReason,
  GroupPolicy,
  PayloadCodec,
  Policy,
  Sealed,
  SamplingMode,
  Tolerance,
  ToleranceKind,
  PriorityClass,
} from '../../formats/tide/index.ts';
import {
  BatchColumns,
  CODEC_BROTLI,
  CODEC_DEFLATE,
  CODEC_NONE,
  hashBytes,
  LANE_EVENT,
} from '../../formats/tide/index.ts';
import { type Labels, messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import type { AgentEpoch } from '../epoch.ts';
import { DegradationLadder, type LadderOptions } from '../flow/degradation-ladder.ts';
import { Pressure } from '../flow/pressure.ts';
import { DEFAULT_RECONNECT, Reconnect, type ReconnectOptions } from '../connection/reconnect.ts';
import type { ClientIdentity } from '../connection/client-identity.ts';
import type { Connect } from '../connection/transport.ts';
import { type AllowedReads, ReadAnswerer } from '../reads/read-answerer.ts';
import { RetainedSamples } from '../reads/retained-samples.ts';
import { SealedIndex } from '../reads/sealed-index.ts';
import { sliceColumns } from '../reads/columns.ts';
import type { AgentRing } from '../ring/agent-ring.ts';
import type { SampleTotals, WideTolerance } from '../sampling/group-sampler.ts';
import type { GroupSource, SeriesNamer } from '../sampling/group-source.ts';
import { type SealedTimes, Sealer } from '../sampling/sealer.ts';
import { SeriesState } from '../sampling/series-state.ts';
import { type SeriesDescription, SeriesTable } from '../sampling/series-table.ts';
import { AgentSession, type SessionCounters, type SessionRequest } from './agent-session.ts';
import { GroupRunner } from './group-runner.ts';
import { LeaseBook } from './lease-book.ts';
import { Policies, type PolicyLimits } from './policies.ts';

/** The group of `event()`: its ticks are counted, not timed. */
export const EVENT_GROUP = 0;
const LEASES_MAX = 8;
const FLUSH_MS = 1000;
/** For BYE, however long the rest took. */
const LEAVE_MS_MIN = 100;
/** Flushes between two looks for what is no longer held. */
const FORGET_EVERY = 60;
/** A group of class B is read within this time after its tick, so that agents spread. */
const SPREAD_MS_MAX = 50;
const TWO_POWER_32 = 2 ** 32;

/** One group of series to be sampled. */
export interface GroupSetup {
  /** Makes the source, given the means to name series. */
  open(namer: SeriesNamer): GroupSource;
  readonly intervalMs: number;
  /** Time of tick 0; below the interval, so that a restart goes on with the same grid. */
  readonly anchorMs: number;
  readonly mode: SamplingMode;
  readonly tolerance?: {
    readonly kind: ToleranceKind;
    readonly value: number;
    /** Permitted while sending has to be spared, in mode SAMPLE too; `value` where not given. */
    readonly max?: number;
  };
  /** Least time between two changes of a series that are sent, in mode ON_CHANGE. */
  readonly dampeningMs?: number;
  /** All series are sent at least this often, in mode ON_CHANGE. */
  readonly syncMs: number;
  readonly priority: PriorityClass;
  readonly batchTicks: number;
}

export interface AgentRuntimeOptions {
  readonly agentId: string;
  readonly version: string;
  readonly bootReason: BootReason;
  readonly epoch: AgentEpoch;
  /** Owned by the runtime from here on: closed by `stop`. */
  readonly ring: AgentRing;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly connect: Connect;
  /** Certificate that is renewed over the session; undefined where there is none. */
  readonly identity?: Pick<ClientIdentity, 'renewal' | 'accept'>;
  readonly reconnect?: Partial<Omit<ReconnectOptions, 'random'>>;
  readonly externalLabels: Labels;
  readonly groups: readonly GroupSetup[];
  readonly allowed: AllowedReads;
  /** What of policies is taken over; see DEFAULT_POLICY_LIMITS. */
  readonly policyLimits?: PolicyLimits;
  /** Of all leases together. */
  readonly leaseSamplesPerSecondMax: number;
  /** Whether a disk is behind the ring. */
  readonly flushes: boolean;
  /** CPU time that the agent may use, as a part of one core; not looked at where not given. */
  readonly cpuBudget?: number;
  /** CPU time of the process, in milliseconds. */
  readonly cpuMs?: () => number;
  readonly ladder?: Partial<LadderOptions>;
  /** The collector wants this identity and epoch never again: nothing is sent any more. */
  onFenced(reason: string): void;
}

/** One sample of an event. */
export interface EventSample {
  readonly labels: Labels;
  readonly value: number;
  readonly describe: () => SeriesDescription;
}

/** What an agent says of itself. */
export interface RuntimeStatus extends SessionCounters {
  readonly inSession: boolean;
  readonly rttMs: number | undefined;
  readonly deferredFrames: number;
  readonly series: number;
  readonly totals: Readonly<SampleTotals>;
  readonly ringUsedBytes: number;
  readonly ringLimitBytes: number;
  readonly ringFailures: number;
  readonly reads: number;
  readonly leases: number;
  readonly sealedBatches: number;
  readonly ladderStep: string;
  /** The same as a number: 0 for normal. */
  readonly ladderIndex: number;
  readonly faults: number;
}

/** An agent: samples its groups, keeps what it sealed, and holds a session with a collector. */
export class AgentRuntime {
  readonly #options: AgentRuntimeOptions;
  readonly #table: SeriesTable;
  readonly #state = new SeriesState();
  readonly #totals: SampleTotals = {
    ...{ scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0, dampened: 0 },
  };
  readonly #policies: Policies;
  readonly #ladder: DegradationLadder;
  readonly #pressure: Pressure;
  readonly #session: AgentSession;
  readonly #sealer: Sealer;
  readonly #index = new SealedIndex();
  readonly #retained: RetainedSamples;
  readonly #reads: ReadAnswerer;
  readonly #leases: LeaseBook;
  #runners: GroupRunner[] = [];
  /** As configured here, whatever the collector's policy makes of it. */
  readonly #ownPolicies: GroupPolicy[] = [];
  /** What may be left out of a group under pressure, by group. */
  readonly #wides = new Map<number, WideTolerance>();
  readonly #sources: GroupSource[] = [];
  #codecs: readonly PayloadCodec[] = [CODEC_NONE, CODEC_DEFLATE];
  #eventTick = 0;
  #lastEventMs = 0;
  #sealedBatches = 0;
  #ringFailures = 0;
  #faults = 0;
  #cancelFlush: CancelTimer = () => {};
  #flushes = 0;
  #stopped = false;

  constructor(options: AgentRuntimeOptions) {
    this.#options = options;
    const { clock, ring, epoch, logger } = options;
    this.#table = new SeriesTable(options.externalLabels);
    const tolerances = options.groups.map((group, index) => toleranceOf(group, index + 1));
    this.#policies = new Policies(
      tolerances.filter((one) => one !== undefined),
      options.policyLimits,
    );
    this.#session = this.#openSession();
    this.#ladder = new DegradationLadder(options.ladder);
    this.#pressure = new Pressure({
      clock,
      ladder: this.#ladder,
      cpuBudget: options.cpuBudget ?? Infinity,
      cpuMs: options.cpuMs ?? processCpuMs,
      liveDelayMs: (nowMs) => this.#session.liveDelayMs(nowMs),
      isLosing: () => this.#session.isLosing,
      ringFill: () => ring.fill.usedBytes / ring.fill.limitBytes,
    });
    this.#sealer = new Sealer({
      table: this.#table,
      part: (id) => this.#state.part[id] ?? 0,
      policyVersion: () => this.#policies.version,
      codec: () => this.#codec(),
      seal: (content, times) => this.#seal(content, times),
    });
    this.#retained = new RetainedSamples({
      epoch: epoch.epoch,
      ring,
      index: this.#index,
      series: (id) => this.#table.get(id),
    });
    this.#reads = new ReadAnswerer({
      clock,
      table: this.#table,
      retained: this.#retained,
      allowed: options.allowed,
      sampleNow: (wanted) => this.#sampleNow(wanted),
      send: (message) => this.#session.send(message),
    });
    this.#leases = new LeaseBook({
      clock,
      logger,
      table: this.#table,
      samplesPerSecondMax: options.leaseSamplesPerSecondMax,
      leasesMax: LEASES_MAX,
      runners: () => this.#runners,
    });
    for (const [index, setup] of options.groups.entries()) {
      const group = index + 1;
      const source = setup.open(this.#namerOf(group));
      this.#sources.push(source);
      const policy = policyOf(setup, group, source.name, tolerances[index]?.id ?? 0);
      const wide = wideOf(setup, group);
      if (wide !== undefined) this.#wides.set(group, wide);
      this.#ownPolicies.push(policy);
      this.#runners.push(this.#runner(source, policy, epoch.epoch));
    }
  }

  get groupNames(): string[] {
    return this.#sources.map(({ name }) => name);
  }

  start(): void {
    for (const runner of this.#runners) runner.start();
    this.#session.start();
    this.#armFlush();
  }

  /** Samples that happened now, sent at once on the lane of events. */
  event(samples: readonly EventSample[]): void {
    if (samples.length === 0 || this.#stopped) return;
    const { clock } = this.#options;
    // A series has one sample at a time.
    const atMs = Math.max(clock.now(), this.#lastEventMs + 1);
    this.#lastEventMs = atMs;
    const values = new Map<number, number>();
    for (const { labels, value, describe } of samples) {
      values.set(this.#table.add(EVENT_GROUP, labels, describe), value);
    }
    const columns = new BatchColumns(values.size);
    for (const [id, value] of values) columns.pushValue(id, atMs, value);
    columns.sortBySeries();
    const tick = ++this.#eventTick;
    this.#totals.scheduled += values.size;
    this.#totals.present += values.size;
    const counts = { seriesCount: values.size, presentCount: values.size };
    const rest = { suppressedCount: 0, shedCount: 0, failedCount: 0, toleranceId: 0 };
    const where = { group: EVENT_GROUP, tickFrom: tick, tickTo: tick, part: 0, parts: 1 };
    const entry = { ...where, ...counts, ...rest, status: 'FULL', reason: 'NONE' } as const;
    const ticks = [{ entries: [entry], columns, minTime: atMs, maxTime: atMs }];
    this.#sealer.sealTicks(ticks, LANE_EVENT);
  }

  /** Seals what waits in all groups. */
  flush(): void {
    for (const runner of this.#runners) runner.flush();
  }

  /** Reads every group once more, now. */
  async sampleAll(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.readNow()));
  }

  /** Seals what waits, says BYE and closes everything. */
  async stop(reason: ByeReason, timeoutMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#leases.stopAll();
    this.#reads.cancelAll();
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    this.#cancelFlush();
    const { clock, flushes } = this.#options;
    const endMs = clock.monotonic() + timeoutMs;
    // What is on disk the next run sends; what is not has this chance alone.
    if (!flushes) await this.#session.drain(timeoutMs);
    await this.#session.leave(reason, Math.max(LEAVE_MS_MIN, endMs - clock.monotonic()));
    for (const source of this.#sources) await source.close?.();
    try {
      await this.#options.ring.close(this.#options.clock.now());
    } catch (error) {
      this.#options.logger.error({ err: messageOf(error) }, 'the ring could not be written');
    }
  }

  status(): RuntimeStatus {
    const { fill } = this.#options.ring;
    return {
      ...this.#session.counters,
      inSession: this.#session.isOpen,
      rttMs: this.#session.rttMs,
      deferredFrames: this.#session.deferredCount,
      series: this.#table.size,
      totals: this.#totals,
      ringUsedBytes: fill.usedBytes,
      ringLimitBytes: fill.limitBytes,
      ringFailures: this.#ringFailures,
      reads: this.#reads.answeredCount,
      leases: this.#leases.activeCount,
      sealedBatches: this.#sealedBatches,
      ladderStep: this.#ladder.step,
      ladderIndex: this.#ladder.stepIndex,
      faults: this.#faults,
    };
  }

  #openSession(): AgentSession {
    const { agentId, version, epoch, ring, clock, logger, connect, bootReason } = this.#options;
    const reconnect = new Reconnect({
      ...DEFAULT_RECONNECT,
      ...this.#options.reconnect,
      random: this.#options.random,
    });
    let boot = bootReason;
    return new AgentSession({
      epoch: epoch.epoch,
      ring,
      clock,
      logger,
      connect,
      reconnect,
      introduction: () => ({
        agentId,
        nonce: epoch.nonce,
        agentVersion: version,
        bootReason: boot,
        codecs: [CODEC_NONE, CODEC_DEFLATE, CODEC_BROTLI],
        capabilities: ['read', 'lease', 'audit'],
        schemaVersion: this.#table.version,
        schemaHash: this.#table.hash,
        policyVersion: this.#policies.version,
        groups: this.#groups(),
      }),
      condition: () => this.#condition(),
      onPolicy: (policy) => this.#applyPolicy(policy),
      onCertificate: (pem) => this.#takeCertificate(pem),
      onRequest: (request) => this.#request(request),
      onWelcome: (codecs) => {
        boot = 'RECONNECT';
        this.#codecs = codecs;
      },
      onDisconnected: () => this.#reads.cancelAll(),
      onFenced: (reason) => this.#options.onFenced(reason),
    });
  }

  #groups(): GroupPolicy[] {
    const event: GroupPolicy = { ...EVENT_POLICY, group: EVENT_GROUP };
    return [event, ...this.#ownPolicies];
  }

  #condition() {
    const ticks = this.#runners.map(({ sampler }) => ({
      group: sampler.policy.group,
      tick: Math.max(0, sampler.lastTick - sampler.pendingTicks),
    }));
    return {
      ticks: [...ticks, { group: EVENT_GROUP, tick: this.#eventTick }],
      counters: { ...this.#totals },
      cpuMs: Math.round(processCpuMs()),
      rssBytes: process.memoryUsage.rss(),
      leases: this.#leases.reports(),
      policyHash: this.#policies.hash,
    };
  }

  #runner(source: GroupSource, policy: GroupPolicy, startMs: number): GroupRunner {
    const { clock, logger } = this.#options;
    return new GroupRunner({
      clock,
      logger,
      source,
      policy,
      tolerance: this.#policies.tolerance(policy.toleranceId),
      table: this.#table,
      state: this.#state,
      totals: this.#totals,
      startMs,
      spreadMs: this.#spreadMs(policy),
      seal: (ticks) => this.#sealer.sealTicks(ticks),
      sealBetween: (columns) => this.#sealer.sealSamples(columns),
      wide: this.#wides.get(policy.group),
      pressure: (tick, priority) => {
        const { shedOrder } = this.#policies;
        const pressure = this.#pressure.ofTick(tick, priority, shedOrder);
        this.#session.ringOnly(this.#ladder.reached('RING_ONLY'));
        return pressure;
      },
      onFault: (error) => this.#fault(error),
    });
  }

  #namerOf(group: number): SeriesNamer {
    return {
      id: (labels, describe) => this.#table.add(group, labels, describe),
      isKnown: (id) => this.#table.get(id) !== undefined,
    };
  }

  /** The same part of the time for an agent every time; none for what is urgent. */
  #spreadMs({ intervalMs, priority }: GroupPolicy): number {
    if (priority === 'A') return 0;
    const mostMs = priority === 'C' ? intervalMs / 2 : Math.min(SPREAD_MS_MAX, intervalMs / 20);
    const { low } = hashBytes(new TextEncoder().encode(this.#options.agentId));
    return Math.floor((low / TWO_POWER_32) * mostMs);
  }

  #codec(): PayloadCodec {
    const isPressed = this.#ladder.reached('STRONGER_COMPRESSION');
    return isPressed && this.#codecs.includes(CODEC_BROTLI) ? CODEC_BROTLI : CODEC_DEFLATE;
  }

  #seal(content: Omit<Sealed, 'epoch' | 'seq'>, times: SealedTimes | undefined): void {
    const { stream, seq } = this.#session.seal(content);
    if (times === undefined) return;
    this.#sealedBatches++;
    this.#index.add(stream, { seq, minTime: times.minTime, maxTime: times.maxTime });
  }

  #applyPolicy(policy: Policy): void {
    for (const next of this.#policies.apply(policy, this.#ownPolicies)) {
      const runner = this.#runners.find(({ sampler }) => sampler.policy.group === next.group);
      const tolerance = this.#policies.tolerance(next.toleranceId);
      runner?.configure(next, tolerance);
    }
    const { logger } = this.#options;
    logger.info({ version: policy.version, groups: policy.groups.length }, 'a policy is in force');
  }

  #renewCertificate(): void {
    const { identity, clock } = this.#options;
    const request = this.#session.isOpen ? identity?.renewal(clock.now()) : undefined;
    if (request !== undefined) this.#session.send({ type: 'CERTIFICATE_REQUEST', request });
  }

  #takeCertificate(certificatePem: string): void {
    try {
      this.#options.identity?.accept(certificatePem);
      const { agentId, logger } = this.#options;
      logger.info({ agentId }, 'the certificate was renewed');
    } catch (error) {
      this.#fault(error);
    }
  }

  #request(request: SessionRequest): void {
    if (request.type === 'READ') this.#reads.take(request);
    else if (request.type === 'LEASE') this.#leases.take(request);
    else void this.#audit(request);
  }

  async #audit({ requestId, group, minTime, maxTime, parts }: Audit): Promise<void> {
    try {
      const retainedFrom = this.#retained.retainedFrom();
      const windows = await this.#retained.audit(group, { minTime, maxTime, parts });
      this.#session.send({ type: 'AUDIT_RESULT', requestId, group, retainedFrom, windows });
    } catch (error) {
      this.#fault(error);
    }
  }

  async #sampleNow(wanted: (id: number) => boolean): Promise<BatchColumns> {
    const all = new BatchColumns(256);
    await Promise.all(
      this.#runners.map(async (runner) => {
        // Sources whose series are known and not wanted need not be asked.
        const { liveIds } = runner.sampler;
        if (liveIds.length > 0 && !liveIds.some(wanted)) return;
        const columns = await runner.readBetween(wanted);
        if (columns !== undefined) sliceColumns(columns, 0, columns.length, all);
        else this.#lastValues(liveIds, wanted, all);
      }),
    );
    all.sortBySeries();
    return all;
  }

  /** What was read last, where a reading is under way already. */
  #lastValues(ids: readonly number[], wanted: (id: number) => boolean, into: BatchColumns): void {
    const { lastTimes, lastWords } = this.#state;
    for (const id of ids) {
      if (!wanted(id) || this.#state.isGone(id)) continue;
      const at = into.length;
      into.pushValue(id, lastTimes[id] as number, 0);
      into.words[2 * at] = lastWords[2 * id] as number;
      into.words[2 * at + 1] = lastWords[2 * id + 1] as number;
    }
  }

  #armFlush(): void {
    const { clock, ring, flushes, logger } = this.#options;
    this.#cancelFlush = clock.setTimer(FLUSH_MS, () => {
      if (++this.#flushes % FORGET_EVERY === 0) this.#forget();
      this.#renewCertificate();
      const flushed = flushes ? ring.flush(clock.now()) : Promise.resolve();
      flushed
        .catch((error: unknown) => {
          if (this.#ringFailures++ === 0) {
            logger.error({ err: messageOf(error) }, 'the ring cannot be written, memory goes on');
          }
        })
        .finally(() => {
          if (!this.#stopped) this.#armFlush();
        });
    });
  }

  /** Series that ended, and of which the ring holds nothing any more, are told of no more. */
  #forget(): void {
    for (const { stream, firstRetained } of this.#options.ring.extents()) {
      this.#index.trim(stream, firstRetained);
    }
    const from = this.#retained.retainedFrom();
    if (from <= this.#options.epoch.epoch) return;
    const { isLive, lastTimes } = this.#state;
    for (const { id, group } of this.#table) {
      if (group === EVENT_GROUP || isLive[id] !== 0) continue;
      const lastMs = lastTimes[id];
      // What was just named has no sample yet.
      if (lastMs !== undefined && lastMs > -Infinity && lastMs < from) this.#table.end(id);
    }
  }

  #fault(error: unknown): void {
    this.#faults++;
    this.#options.logger.error({ err: messageOf(error) }, 'a fault in the agent');
  }
}

const EVENT_POLICY: Omit<GroupPolicy, 'group'> = {
  name: 'event',
  selector: '',
  intervalMs: 0,
  anchorMs: 0,
  mode: 'SAMPLE',
  toleranceId: 0,
  priority: 'A',
  batchTicks: 1,
  syncTicks: 0,
  dampeningMs: 0,
};

function toleranceOf({ tolerance }: GroupSetup, id: number): Tolerance | undefined {
  // Of 0 only what stands still is left out, which needs no line along which counters are carried.
  if (tolerance === undefined || tolerance.value === 0) return undefined;
  return { id, kind: tolerance.kind, value: tolerance.value };
}

/** Ids of what is permitted under pressure: apart from those of the tolerances themselves. */
const WIDE_IDS = 2 ** 31;

function wideOf(setup: GroupSetup, group: number): WideTolerance | undefined {
  const { tolerance, mode } = setup;
  if (tolerance === undefined) return undefined;
  const { kind, value, max = value } = tolerance;
  // On change with that very tolerance already: there is nothing more to leave out.
  if (max === 0 || (mode !== 'SAMPLE' && max <= value)) return undefined;
  const id = WIDE_IDS + group;
  return { tolerance: { id, kind, value: Math.max(value, max) }, syncTicks: syncTicksOf(setup) };
}

function syncTicksOf({ syncMs, intervalMs }: GroupSetup): number {
  return Math.max(1, Math.round(syncMs / intervalMs));
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function policyOf(
  setup: GroupSetup,
  group: number,
  name: string,
  toleranceId: number,
): GroupPolicy {
  const { intervalMs, anchorMs, mode, priority, batchTicks, dampeningMs = 0 } = setup;
  return {
    group,
    name,
    selector: name,
    intervalMs,
    anchorMs,
    mode,
    toleranceId,
    priority,
    batchTicks,
    syncTicks: mode === 'SAMPLE' ? 0 : syncTicksOf(setup),
    dampeningMs: mode === 'SAMPLE' ? 0 : dampeningMs,
  };
}
