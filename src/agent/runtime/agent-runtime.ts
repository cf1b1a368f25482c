import type {
  Audit,
  BatchColumns,
  ByeReason,
  PayloadCodec,
  Sealed,
} from '../../formats/tide/index.ts';
import {
  CAPABILITY_HISTOGRAMS,
  CODEC_BROTLI,
  CODEC_DEFLATE,
  CODEC_NONE,
} from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import { DEFAULT_RECONNECT, Reconnect } from '../connection/reconnect.ts';
import { DegradationLadder } from '../flow/degradation-ladder.ts';
import { Pressure } from '../flow/pressure.ts';
import { ReadAnswerer } from '../reads/read-answerer.ts';
import { RetainedSamples } from '../reads/retained-samples.ts';
import { SealedIndex } from '../reads/sealed-index.ts';
import { type SealedTimes, Sealer } from '../sampling/sealer.ts';
import { SeriesState } from '../sampling/series-state.ts';
import { SeriesTable } from '../sampling/series-table.ts';
import { noSamples, type SampleTotals } from '../sampling/tick-accounts.ts';
import { AgentSession, type SessionRequest } from './agent-session.ts';
import { ClockSkew } from './clock-skew.ts';
import { currentValues } from './current-values.ts';
import { EventLane } from './event-lane.ts';
import { EVENT_GROUP } from './group-policy.ts';
import { LeaseBook } from './lease-book.ts';
import { processUsage } from './process-usage.ts';
import { Rejections } from './rejections.ts';
import { RingIntake } from './ring-intake.ts';
import { RingUpkeep } from './ring-upkeep.ts';
import type { AgentRuntimeOptions, EventSample, RuntimeStatus } from './runtime-options.ts';
import { SampledGroups } from './sampled-groups.ts';

const LEASES_MAX = 8;
/** For BYE, however long the rest took. */
const LEAVE_MS_MIN = 100;

/** An agent: samples its groups, keeps what it sealed, and holds a session with a collector. */
export class AgentRuntime {
  readonly #options: AgentRuntimeOptions;
  readonly #table: SeriesTable;
  readonly #state = new SeriesState();
  readonly #totals: SampleTotals = noSamples();
  readonly #ladder: DegradationLadder;
  readonly #pressure: Pressure;
  readonly #session: AgentSession;
  readonly #sealer: Sealer;
  readonly #groups: SampledGroups;
  readonly #index = new SealedIndex();
  readonly #retained: RetainedSamples;
  readonly #reads: ReadAnswerer;
  readonly #leases: LeaseBook;
  readonly #events: EventLane;
  readonly #upkeep: RingUpkeep;
  readonly #rejections = new Rejections();
  #skew: ClockSkew | undefined;
  #codecs: readonly PayloadCodec[] = [CODEC_NONE, CODEC_DEFLATE];
  /** Until a collector says otherwise: they have batches of their own, so no float is at stake. */
  #takesHistograms = true;
  #sealedBatches = 0;
  #sealDelayMs = 0;
  #faults = 0;
  #hasIntake = false;
  #stopped = false;

  constructor(options: AgentRuntimeOptions) {
    this.#options = options;
    const { clock, ring, epoch, logger } = options;
    this.#table = new SeriesTable(options.externalLabels);
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
      policyVersion: () => this.#groups.policyVersion,
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
      runners: () => this.#groups.runners,
    });
    this.#events = new EventLane({
      clock,
      table: this.#table,
      totals: this.#totals,
      sealer: this.#sealer,
    });
    this.#upkeep = this.#openUpkeep();
    this.#groups = this.#openGroups();
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
    return this.#groups.names;
  }

  start(): void {
    const { clockSkewWarnMs, logger } = this.#options;
    if (clockSkewWarnMs !== undefined) this.#skew = new ClockSkew(clockSkewWarnMs, logger);
    this.#groups.start();
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
    this.#groups.flush();
  }

  /** Reads every group once more, now. */
  async sampleAll(): Promise<void> {
    await this.#groups.sampleAll();
  }

  /** Seals what waits, says BYE and closes everything. */
  async stop(reason: ByeReason, timeoutMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#leases.stopAll();
    this.#reads.cancelAll();
    await this.#groups.stop();
    this.#upkeep.stop();
    const { clock, flushes } = this.#options;
    const endMs = clock.monotonic() + timeoutMs;
    // What is on disk the next run sends; what is not has this chance alone.
    if (!flushes) await this.#session.drain(timeoutMs);
    await this.#session.leave(reason, Math.max(LEAVE_MS_MIN, endMs - clock.monotonic()));
    await this.#groups.close();
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
      onForgotten: (id, group) => this.#groups.forget(id, group),
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
        policyVersion: this.#groups.policyVersion,
        groups: this.#groups.declared,
      }),
      condition: () => this.#condition(),
      onPolicy: (policy) => this.#groups.apply(policy),
      onRejected: (rejections) => this.#rejections.take(rejections, logger),
      onCertificate: (pem) => this.#takeCertificate(pem),
      onRequest: (request) => this.#request(request),
      onUnblocked: () => this.#groups.flushGathered(),
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

  #condition() {
    const { cpuMs, rssBytes } = processUsage();
    return {
      ticks: [...this.#groups.sealedTicks, { group: EVENT_GROUP, tick: this.#events.tick }],
      counters: { ...this.#totals },
      cpuMs: Math.round(cpuMs),
      rssBytes,
      leases: this.#leases.reports(),
      policyHash: this.#groups.policyHash,
    };
  }

  #openGroups(): SampledGroups {
    return new SampledGroups({
      agent: this.#options,
      table: this.#table,
      state: this.#state,
      totals: this.#totals,
      sealer: this.#sealer,
      takesHistograms: () => this.#takesHistograms,
      pressure: (tick, priority, shedOrder) => {
        const pressure = this.#pressure.ofTick(tick, priority, shedOrder);
        this.#session.ringOnly(this.#ladder.reached('RING_ONLY'));
        return pressure;
      },
      gathers: (priority) => this.#pressure.gathers(priority),
      onFault: (error) => this.#fault(error),
    });
  }

  #codec(): PayloadCodec {
    const isPressed = this.#ladder.reached('STRONGER_COMPRESSION');
    return isPressed && this.#codecs.includes(CODEC_BROTLI) ? CODEC_BROTLI : CODEC_DEFLATE;
  }

  #seal(content: Omit<Sealed, 'epoch' | 'seq'>, times: SealedTimes | undefined): void {
    const { stream, seq } = this.#session.seal(content, times?.tickMs);
    if (times === undefined) return;
    this.#sealedBatches++;
    // Events may bring times to come.
    this.#sealDelayMs += Math.max(0, this.#options.clock.now() - times.maxTime);
    this.#index.add(stream, { seq, minTime: times.minTime, maxTime: times.maxTime });
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
    return currentValues(this.#groups.runners, this.#state, wanted);
  }

  #fault(error: unknown): void {
    this.#faults++;
    this.#options.logger.error({ err: messageOf(error) }, 'a fault in the agent');
  }
}
