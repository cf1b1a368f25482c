import type {
  Audit,
  BatchColumns,
  ByeReason,
  GroupPolicy,
  PayloadCodec,
  Policy,
  Sealed,
} from '../../formats/tide/index.ts';
import {
  CAPABILITY_HISTOGRAMS,
  CODEC_BROTLI,
  CODEC_DEFLATE,
  CODEC_NONE,
  hashBytes,
} from '../../formats/tide/index.ts';
import { formatDuration, messageOf } from '../../model/index.ts';
import { DEFAULT_RECONNECT, Reconnect } from '../connection/reconnect.ts';
import { DegradationLadder } from '../flow/degradation-ladder.ts';
import { Pressure } from '../flow/pressure.ts';
import { ReadAnswerer } from '../reads/read-answerer.ts';
import { RetainedSamples } from '../reads/retained-samples.ts';
import { SealedIndex } from '../reads/sealed-index.ts';
import type { GroupSource, SeriesNamer } from '../sampling/group-source.ts';
import { type SealedTimes, Sealer } from '../sampling/sealer.ts';
import { SeriesState } from '../sampling/series-state.ts';
import { SeriesTable } from '../sampling/series-table.ts';
import type { WideTolerance } from '../sampling/suppression.ts';
import { noSamples, type SampleTotals } from '../sampling/tick-accounts.ts';
import { AgentSession, type SessionRequest } from './agent-session.ts';
import { ClockSkew } from './clock-skew.ts';
import { currentValues } from './current-values.ts';
import { EventLane } from './event-lane.ts';
import { EVENT_GROUP, EVENT_POLICY, policyOf, toleranceOf, wideOf } from './group-policy.ts';
import { GroupRunner } from './group-runner.ts';
import { LeaseBook } from './lease-book.ts';
import { Policies } from './policies.ts';
import { processUsage } from './process-usage.ts';
import { Rejections } from './rejections.ts';
import { RingIntake } from './ring-intake.ts';
import { RingUpkeep } from './ring-upkeep.ts';
import type { AgentRuntimeOptions, EventSample, RuntimeStatus } from './runtime-options.ts';

const LEASES_MAX = 8;
/** For BYE, however long the rest took. */
const LEAVE_MS_MIN = 100;
/** A group of class B is read within this time after its tick, so that agents spread. */
const SPREAD_MS_MAX = 50;
const TWO_POWER_32 = 2 ** 32;

/** An agent: samples its groups, keeps what it sealed, and holds a session with a collector. */
export class AgentRuntime {
  readonly #options: AgentRuntimeOptions;
  readonly #table: SeriesTable;
  readonly #state = new SeriesState();
  readonly #totals: SampleTotals = noSamples();
  readonly #policies: Policies;
  readonly #ladder: DegradationLadder;
  readonly #pressure: Pressure;
  readonly #session: AgentSession;
  readonly #sealer: Sealer;
  readonly #index = new SealedIndex();
  readonly #retained: RetainedSamples;
  readonly #reads: ReadAnswerer;
  readonly #leases: LeaseBook;
  readonly #events: EventLane;
  readonly #upkeep: RingUpkeep;
  readonly #rejections = new Rejections();
  #skew: ClockSkew | undefined;
  #runners: GroupRunner[] = [];
  /** As configured here, whatever the collector's policy makes of it. */
  readonly #ownPolicies: GroupPolicy[] = [];
  /** What may be left out of a group under pressure, by group. */
  readonly #wides = new Map<number, WideTolerance>();
  readonly #sources: GroupSource[] = [];
  #codecs: readonly PayloadCodec[] = [CODEC_NONE, CODEC_DEFLATE];
  /** Until a collector says otherwise: they have batches of their own, so no float is at stake. */
  #takesHistograms = true;
  #sealedBatches = 0;
  #sealDelayMs = 0;
  #faults = 0;
  #hasIntake = false;
  #isClockBack = false;
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
      cpuMs: options.cpuMs ?? (() => processUsage().cpuMs),
      session: this.#session,
      ringFill: () => ring.fill.usedBytes / ring.fill.limitBytes,
    });
    this.#sealer = new Sealer({
      table: this.#table,
      part: (id) => this.#state.partOf(id),
      policyVersion: () => this.#policies.version,
      codec: () => this.#codec(),
      seal: (content, times) => this.#seal(content, times),
      onTooLarge: () => this.#totals.histogramsUnsent++,
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
      takesHistograms: () => this.#takesHistograms,
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
    this.#events = new EventLane({
      clock,
      table: this.#table,
      totals: this.#totals,
      sealer: this.#sealer,
    });
    this.#upkeep = this.#openUpkeep();
    for (const [index, setup] of options.groups.entries()) {
      const group = index + 1;
      const source = setup.open(this.#namerOf(group));
      this.#sources.push(source);
      const policy = policyOf(setup, group, source.name, tolerances[index]?.id ?? 0);
      const wide = wideOf(setup, group);
      if (wide !== undefined) this.#wides.set(group, wide);
      this.#ownPolicies.push(policy);
      // An epoch is later than its start where the clock was set back between two of them.
      this.#runners.push(this.#runner(source, policy, Math.min(epoch.epoch, clock.now())));
    }
  }

  /** For samples that others push; from then on those count as events. */
  openIntake(): RingIntake {
    const { ring } = this.#options;
    this.#hasIntake = true;
    return new RingIntake({
      table: this.#table,
      sealer: this.#sealer,
      events: this.#events,
      upkeep: this.#upkeep,
      fill: () => ring.fill,
      isNextUnsafe: () => this.#session.isNextUnsafe,
      takesHistograms: () => this.#takesHistograms,
    });
  }

  get groupNames(): string[] {
    return this.#sources.map(({ name }) => name);
  }

  start(): void {
    const { clockSkewWarnMs, logger } = this.#options;
    if (clockSkewWarnMs !== undefined) this.#skew = new ClockSkew(clockSkewWarnMs, logger);
    for (const runner of this.#runners) runner.start();
    this.#session.start();
    this.#upkeep.start();
  }

  /** Samples that happened now, sent at once on the lane of events. */
  event(samples: readonly EventSample[]): void {
    if (samples.length === 0 || this.#stopped) return;
    this.#events.seal(samples);
  }

  /** Seals what waits in all groups. */
  flush(): void {
    for (const runner of this.#runners) runner.flush();
  }

  #flushGathered(): void {
    for (const runner of this.#runners) runner.flushGathered();
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
    this.#upkeep.stop();
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
      clockAheadMs: this.#session.clockAheadMs,
      deferredFrames: this.#session.deferredCount,
      series: this.#table.size,
      sampledSeries: this.#state.size,
      schemaBytes: this.#options.ring.schemaBytes,
      indexEntries: this.#index.size,
      totals: this.#totals,
      ringUsedBytes: fill.usedBytes,
      ringLimitBytes: fill.limitBytes,
      ringFailures: this.#upkeep.failures,
      isDiskLost: this.#upkeep.isDiskLost,
      reads: this.#reads.answeredCount,
      leases: this.#leases.activeCount,
      sealedBatches: this.#sealedBatches,
      sealDelayMs: this.#sealDelayMs,
      ladderStep: this.#ladder.step,
      ladderIndex: this.#ladder.stepIndex,
      faults: this.#faults,
      rejectedSamples: this.#rejections.samples,
      rejectedFrames: this.#rejections.frames,
    };
  }

  #openUpkeep(): RingUpkeep {
    const { clock, logger, ring, flushes } = this.#options;
    return new RingUpkeep({
      clock,
      logger,
      ring,
      flushes,
      table: this.#table,
      state: this.#state,
      index: this.#index,
      retained: this.#retained,
      ...(this.#options.isDiskKept === undefined
        ? {}
        : { isDiskKept: () => this.#options.isDiskKept?.() ?? Promise.resolve(true) }),
      onTurn: () => {
        this.#renewCertificate();
        this.#skew?.look(this.#session.clockAheadMs, this.#session.rttMs);
      },
      onForgotten: (id, group) => this.#forget(id, group),
    });
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
        capabilities: ['read', 'lease', 'audit', CAPABILITY_HISTOGRAMS],
        schemaVersion: this.#table.version,
        schemaHash: this.#table.hash,
        policyVersion: this.#policies.version,
        groups: this.#groups(),
      }),
      condition: () => this.#condition(),
      onPolicy: (policy) => this.#applyPolicy(policy),
      onRejected: (rejections) => this.#rejections.take(rejections, logger),
      onCertificate: (pem) => this.#takeCertificate(pem),
      onRequest: (request) => this.#request(request),
      onUnblocked: () => this.#flushGathered(),
      onWelcome: ({ codecs, capabilities: taken }) => {
        boot = 'RECONNECT';
        this.#ladder.reconnected();
        this.#codecs = codecs;
        this.#takesHistograms = taken.includes(CAPABILITY_HISTOGRAMS);
      },
      onDisconnected: () => this.#reads.cancelAll(),
      onFenced: (reason) => this.#options.onFenced(reason),
    });
  }

  #groups(): GroupPolicy[] {
    return [EVENT_POLICY, ...this.#ownPolicies];
  }

  #condition() {
    const ticks = this.#runners.map(({ sampler }) => ({
      group: sampler.policy.group,
      tick: Math.max(0, sampler.lastTick - sampler.pendingTicks),
    }));
    const { cpuMs, rssBytes } = processUsage();
    return {
      ticks: [...ticks, { group: EVENT_GROUP, tick: this.#events.tick }],
      counters: { ...this.#totals },
      cpuMs: Math.round(cpuMs),
      rssBytes,
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
      takesHistograms: () => this.#takesHistograms,
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
      gathers: (priority) => this.#pressure.gathers(priority),
      onClockSetBack: (byMs) => this.#clockSetBack(byMs),
      onFault: (error) => this.#fault(error),
    });
  }

  /** A series has ended, and nothing that is held has samples of it. */
  #forget(id: number, group: number): void {
    this.#runners.find(({ sampler }) => sampler.policy.group === group)?.sampler.forget(id);
    this.#state.forget(id);
  }

  #clockSetBack(byMs: number): void {
    if (this.#isClockBack || this.#stopped) return;
    this.#isClockBack = true;
    this.#options.logger.warn(
      { by: formatDuration(Math.round(byMs / 1000) * 1000) },
      'the clock was set back',
    );
    this.#options.onClockSetBack?.(byMs);
  }

  #namerOf(group: number): SeriesNamer {
    return {
      id: (labels, describe) => this.#table.add(group, labels, describe),
      isKnown: (id) => this.#table.get(id) !== undefined,
    };
  }

  /** None for what is urgent. */
  #spreadMs({ intervalMs, priority }: GroupPolicy): number {
    if (priority === 'A') return 0;
    const mostMs = priority === 'C' ? intervalMs / 2 : Math.min(SPREAD_MS_MAX, intervalMs / 20);
    return Math.floor(placeOf(this.#options.agentId) * mostMs);
  }

  #codec(): PayloadCodec {
    const isPressed = this.#ladder.reached('STRONGER_COMPRESSION');
    return isPressed && this.#codecs.includes(CODEC_BROTLI) ? CODEC_BROTLI : CODEC_DEFLATE;
  }

  #seal(content: Omit<Sealed, 'epoch' | 'seq'>, times: SealedTimes | undefined): void {
    const { stream, seq } = this.#session.seal(content);
    if (times === undefined) return;
    this.#sealedBatches++;
    // Events may bring times to come.
    this.#sealDelayMs += Math.max(0, this.#options.clock.now() - times.maxTime);
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
    const refused = this.#policies.refusedTolerances;
    if (refused.length > 0) logger.warn({ refused }, 'tolerances of the policy are not taken');
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
    else if (request.type === 'AUDIT') void this.#audit(request);
    else {
      this.#leases.take(request);
      // Somebody waits to hear what became of it.
      this.#session.hurry();
    }
  }

  async #audit({ requestId, group, minTime, maxTime, parts }: Audit): Promise<void> {
    try {
      // What others push brings its own times, of which the store takes what it can: no digest.
      const isOthers = group === EVENT_GROUP && this.#hasIntake;
      const span = { minTime, maxTime, parts };
      const held = isOthers
        ? { retainedFrom: minTime, windows: [] }
        : await this.#retained.audit(group, span);
      this.#session.send({ type: 'AUDIT_RESULT', requestId, group, ...held });
    } catch (error) {
      this.#fault(error);
    }
  }

  #sampleNow(wanted: (id: number) => boolean): Promise<BatchColumns> {
    return currentValues(this.#runners, this.#state, wanted);
  }

  #fault(error: unknown): void {
    this.#faults++;
    this.#options.logger.error({ err: messageOf(error) }, 'a fault in the agent');
  }
}

/** The place of an agent among all, 0 to below 1: so that they do not all send at once. */
function placeOf(agentId: string): number {
  return hashBytes(new TextEncoder().encode(agentId)).low / TWO_POWER_32;
}
