import { RetainedSamples } from '../../../src/agent/reads/retained-samples.ts';
import { SealedIndex } from '../../../src/agent/reads/sealed-index.ts';
import { AgentRing, type RingOptions } from '../../../src/agent/ring/agent-ring.ts';
import { type AgentEpoch, beginEpoch, disklessEpoch } from '../../../src/agent/epoch.ts';
import { CLOCK_SET_BACK_MS } from '../../../src/agent/runtime/group-runner.ts';
import type { AgentOutput } from '../../../src/agent/session/session-output.ts';
import { SessionMachine } from '../../../src/agent/session/session-machine.ts';
import type { Audit, ControlMessage, SchemaSeries } from '../../../src/formats/tide/index.ts';
import {
  BatchEncoder,
  CAPABILITY_HISTOGRAMS,
  CODEC_NONE,
  encodeSchema,
  schemaHash,
} from '../../../src/formats/tide/index.ts';
import { Labels } from '../../../src/model/index.ts';
import { type Crash, MemoryFileSystem, processCrash } from '../memory-file-system.ts';
import type { Chance } from './chance.ts';
import type { Connection, Endpoint } from './network.ts';
import { GROUPS } from './policies.ts';
import { type SampledBatch, Sampler } from './sampler.ts';
import type { Timeline } from './timeline.ts';
import {
  EVENT_GROUP,
  EVENT_SERIES,
  INTERVAL_MS,
  LIVE_GROUP,
  newRun,
  type RunTruth,
  type Truth,
} from './truth.ts';
import { decodeMessage, encodeMessage, isSealedMessage } from './wire.ts';

const DIRECTORY = 'agent';
const TICK_MS = 250;
const FLUSH_MS = 1000;
const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 8000;
const HEARTBEAT_MS = 2000;
/** After which a process that was fenced is started again. */
const FENCED_MS = 5000;
const encoder = new BatchEncoder();

/** What an agent lives in. */
export interface AgentWorld {
  readonly timeline: Timeline;
  readonly truth: Truth;
  readonly chance: Chance;
  readonly ring: Omit<RingOptions, 'epoch'>;
  readonly lingerTicks: number;
  /** Without one, what is in memory dies with the process. */
  readonly hasDisk: boolean;
  readonly parts: number;
  /** Opens a connection; undefined when it is refused or nobody answers. */
  connect(agent: number, end: Endpoint): Connection | undefined;
}

/** The process of an agent: everything in it is gone when it crashes. */
interface Process {
  readonly epoch: AgentEpoch;
  readonly ring: AgentRing;
  readonly machine: SessionMachine;
  readonly sampler: Sampler;
  run: RunTruth;
  readonly series: SchemaSeries[];
  readonly index: SealedIndex;
  readonly retained: RetainedSamples;
  connection: Connection | undefined;
  attempts: number;
  paused: boolean;
  leaving: boolean;
}

/** An agent on a disk that outlives its processes. */
export class SimulatedAgent {
  readonly index: number;
  readonly id: string;
  readonly #world: AgentWorld;
  #disk = new MemoryFileSystem();
  #process: Process | undefined;
  /** Processes that do not know that another took their place. */
  readonly #zombies = new Set<Process>();
  /** What the agent's clock is ahead of the true time. */
  #aheadMs = 0;
  #clockWasSet = false;
  #isRetired = false;
  wasDoubled = false;
  /** Of this disk; a disk that is lost takes the memory of it along. */
  #lastEpoch = 0;
  /** Zombies that the collector told to stop. */
  fencedZombies = 0;

  constructor(index: number, world: AgentWorld) {
    this.index = index;
    this.id = `agent-${index}`;
    this.#world = world;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Zombies that are awake, and have not been told to stop. */
  get wildZombies(): number {
    return [...this.#zombies].filter(({ paused }) => !paused).length;
  }

  /** Sets the clock to `aheadMs` before the true time. */
  setClock(aheadMs: number): void {
    if (aheadMs !== this.#aheadMs) this.#clockWasSet = true;
    this.#aheadMs = aheadMs;
  }

  /** Two of its runs may have taken the same ticks. */
  get mayOverlap(): boolean {
    return this.#clockWasSet || this.wasDoubled;
  }

  get run(): RunTruth | undefined {
    return this.#process?.run;
  }

  get ring(): AgentRing | undefined {
    return this.#process?.ring;
  }

  get epoch(): number {
    return this.#process?.epoch.epoch ?? 0;
  }

  /** `afterEpoch`: of the run before, where the same program goes on. */
  async start(afterEpoch = 0): Promise<void> {
    if (this.#isRetired) return;
    const { truth, chance, ring: ringOptions, hasDisk, parts } = this.#world;
    const fileSystem = this.#disk;
    const random = (): number => chance.next();
    const wallMs = this.#nowMs;
    const epoch = hasDisk
      ? await beginEpoch({ fileSystem, directory: DIRECTORY, wallMs, random })
      : disklessEpoch(Math.max(wallMs, afterEpoch + 1), random);
    if (hasDisk && epoch.epoch <= this.#lastEpoch) {
      throw new Error(`${this.id}: epoch ${epoch.epoch} after ${this.#lastEpoch}`);
    }
    this.#lastEpoch = epoch.epoch;
    const run = truth.begin({ agent: this.index, ...epoch, parts });
    const directory = `${DIRECTORY}/ring`;
    const options = { ...ringOptions, ...epoch };
    const disk = hasDisk ? { fileSystem, directory } : undefined;
    const ring = await AgentRing.open(options, disk);
    // An epoch is later than its start where the clock was set back between two of them.
    const startMs = Math.min(epoch.epoch, wallMs);
    const series = { count: chance.whole(1, 5), parts };
    const sampler = new Sampler(chance.fork(), run, startMs, series);
    const index = new SealedIndex();
    const process: Process = {
      index,
      retained: new RetainedSamples({
        epoch: epoch.epoch,
        ring,
        index,
        series: (id) => process.series.find((one) => one.id === id),
      }),
      epoch,
      ring,
      machine: this.#machine(epoch, ring, sampler, () => process.series),
      sampler,
      run,
      series: [seriesOf(EVENT_SERIES)],
      connection: undefined,
      attempts: 0,
      paused: false,
      leaving: false,
    };
    this.#process = process;
    this.#extendSchema(process, 0);
    this.#every(process, TICK_MS, () => this.#tick(process));
    this.#every(process, FLUSH_MS, () => this.#flush(process));
    this.#connect(process);
  }

  /** The process dies; `power` takes what was not synced along. */
  crash(power: boolean): void {
    const process = this.#process;
    if (process === undefined) return;
    const { timeline, chance } = this.#world;
    process.run.endMs ??= timeline.nowMs;
    process.connection?.reset();
    this.#process = undefined;
    const torn: Crash = {
      keptBytes: (_path, unsynced) => chance.whole(0, unsynced),
      damage: (_path, bytes) => {
        if (bytes.length > 0 && chance.hit(0.5))
          bytes.fill(0x5a, chance.whole(0, bytes.length - 1));
      },
    };
    this.#disk = this.#disk.crashed(power ? torn : processCrash);
  }

  /**
   * The process stops for long, and another is started in its place; it wakes when `wakes` says so,
   * on its own copy of the disk, and believes itself the only one.
   */
  haunt(wakes: () => boolean): void {
    const process = this.#process;
    if (process === undefined || process.leaving) return;
    process.paused = true;
    process.run.endMs ??= this.#world.timeline.nowMs;
    process.run = newRun(process.run);
    process.sampler.haunt(process.run);
    this.#process = undefined;
    this.#zombies.add(process);
    this.#disk = this.#disk.crashed(processCrash);
    const look = (): void => {
      if (!this.#zombies.has(process)) return;
      if (wakes()) process.paused = false;
      else this.#world.timeline.after(TICK_MS, look);
    };
    look();
  }

  /** Another machine with a copy of the disk, as somebody makes who clones one. */
  double(chance: Chance): SimulatedAgent {
    const double = new SimulatedAgent(this.index, { ...this.#world, chance });
    double.#disk = this.#disk.crashed(processCrash);
    double.#lastEpoch = this.#lastEpoch;
    this.wasDoubled = true;
    return double;
  }

  /** The process dies, and none is started again. */
  retire(): void {
    this.#isRetired = true;
    this.crash(false);
  }

  /** Nothing is left of the ring or, without `ringAlone`, of the whole disk. */
  async loseDisk(ringAlone: boolean): Promise<void> {
    for (const run of this.#world.truth.runsOf(this.index)) run.ringLost = true;
    if (ringAlone) {
      await this.#disk.remove(`${DIRECTORY}/ring`);
      this.#disk = this.#disk.crashed(processCrash);
    } else {
      this.#disk = new MemoryFileSystem();
      this.#lastEpoch = 0;
    }
  }

  /** All zombies die. */
  killZombies(): void {
    for (const { connection } of this.#zombies) connection?.reset();
    this.#zombies.clear();
  }

  /** Ends in good order after it left; what it has is on disk. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    await process.ring.close(this.#nowMs);
    this.crash(false);
  }

  /** Stops and goes on later, as SIGSTOP and SIGCONT do. */
  pause(durationMs: number): void {
    const process = this.#process;
    if (process === undefined) return;
    process.paused = true;
    this.#world.timeline.after(durationMs, () => {
      if (this.#process === process) process.paused = false;
    });
  }

  /** A series more, from the next batch on. */
  extendSchema(): void {
    const process = this.#process;
    if (process === undefined || process.paused || process.leaving) return;
    this.#flushSampler(process);
    process.sampler.seriesCount++;
    this.#extendSchema(process, process.sampler.seriesCount - 1);
  }

  event(): void {
    const process = this.#process;
    if (process === undefined || process.paused || process.leaving) return;
    this.#seal(process, process.sampler.event(this.#nowMs), 0);
  }

  /** Seals what waits and says BYE as soon as there is a session. */
  leave(): void {
    const process = this.#process;
    if (process === undefined) return;
    if (process.paused) {
      this.#onceAwake(process, () => (this.#process === process ? this.leave() : undefined));
      return;
    }
    if (!process.leaving) this.#flushSampler(process);
    process.leaving = true;
    process.run.endedWell = true;
    process.run.endMs ??= this.#world.timeline.nowMs;
    process.machine.leave('SHUTDOWN');
    this.#act(process);
  }

  #machine(
    epoch: AgentEpoch,
    ring: AgentRing,
    sampler: Sampler,
    series: () => readonly SchemaSeries[],
  ): SessionMachine {
    return new SessionMachine({
      epoch: epoch.epoch,
      ring,
      heartbeatMs: HEARTBEAT_MS,
      liveBytesMax: 2048,
      introduction: () => ({
        agentId: this.id,
        nonce: epoch.nonce,
        agentVersion: '0',
        bootReason: 'START',
        codecs: [CODEC_NONE],
        capabilities: ['audit', CAPABILITY_HISTOGRAMS],
        schemaVersion: sampler.schemaVersion,
        schemaHash: schemaHash(series()),
        policyVersion: 0,
        groups: GROUPS,
      }),
      condition: () => ({
        ticks: [
          { group: LIVE_GROUP, tick: sampler.lastTick },
          { group: EVENT_GROUP, tick: sampler.eventOrdinal },
        ],
        counters: sampler.countersNow,
        cpuMs: 0,
        rssBytes: 0,
        leases: [],
        policyHash: { low: 0, high: 0 },
      }),
    });
  }

  #extendSchema(process: Process, first: number): void {
    const { sampler, series, machine, run } = process;
    const added: SchemaSeries[] = [];
    for (let id = first; id < sampler.seriesCount; id++) added.push(seriesOf(id));
    const version = series.length === 1 && first === 0 ? 1 : sampler.schemaVersion + 1;
    const fresh = version === 1 ? [...added, ...series] : added;
    series.push(...added);
    sampler.schemaVersion = version;
    const change = { version, series: fresh, tombstones: [], hash: schemaHash(series) };
    const { payload, codec } = encodeSchema(change, CODEC_NONE);
    const nowMs = this.#nowMs;
    const sealed = machine.seal({ type: 'SCHEMA', stream: 1, codec, payload }, nowMs);
    run.sealed.push({ stream: 1, seq: sealed.seq, kind: 'SCHEMA', ticks: [] });
    run.sealedMs = Math.max(run.sealedMs, nowMs);
    this.#act(process);
  }

  #flushSampler(process: Process): void {
    for (const batch of process.sampler.flush()) this.#seal(process, batch);
  }

  #seal(process: Process, batch: SampledBatch, stream: 0 | 1 = 1): void {
    const { payload, codec } = encoder.encode(batch.head, batch.columns, CODEC_NONE);
    const nowMs = this.#nowMs;
    const isTimed = batch.head.coverage.some(({ group }) => group === LIVE_GROUP);
    const tickMs = isTimed ? Math.max(...batch.ticks.map(({ tick }) => tick * INTERVAL_MS)) : 0;
    const content = { type: 'BATCH', stream, codec, payload } as const;
    const sealed = process.machine.seal(content, nowMs, tickMs);
    process.run.sealed.push({ stream, seq: sealed.seq, kind: 'BATCH', ticks: batch.ticks });
    process.run.sealedMs = Math.max(process.run.sealedMs, nowMs, tickMs);
    const times = batch.columns.timestamps.subarray(0, batch.columns.length);
    if (times.length > 0) {
      const [minTime, maxTime] = [Math.min(...times), Math.max(...times)];
      process.index.add(stream, { seq: sealed.seq, minTime, maxTime });
    }
    this.#act(process);
  }

  async #tick(process: Process): Promise<void> {
    const nowMs = this.#nowMs;
    const isBack = process.sampler.lastTick * INTERVAL_MS - nowMs > CLOCK_SET_BACK_MS;
    if (isBack && !process.leaving && this.#process === process) {
      await this.#beginAnew(process);
      return;
    }
    if (!process.leaving) {
      process.sampler.sample(nowMs);
      if (process.sampler.pendingTicks >= this.#world.lingerTicks) {
        this.#flushSampler(process);
      }
    }
    process.machine.tick(nowMs);
    if (process.leaving) process.machine.leave('SHUTDOWN');
    this.#act(process);
  }

  /** The clock was set back by more than is waited for: sampling goes on in a run of its own. */
  async #beginAnew(process: Process): Promise<void> {
    await process.ring.close(this.#nowMs);
    this.crash(false);
    await this.start(process.epoch.epoch);
  }

  async #flush(process: Process): Promise<void> {
    const synced = process.run.sealed.findLast(({ stream }) => stream === 1);
    await process.ring.flush(this.#nowMs);
    if (!this.#world.hasDisk) return;
    const tick = synced?.ticks.at(-1)?.tick;
    if (tick !== undefined) process.run.lastSyncedTick = tick;
  }

  #connect(process: Process): void {
    if (!this.#lives(process)) return;
    if (process.paused) {
      this.#onceAwake(process, () => this.#connect(process));
      return;
    }
    process.connection = this.#world.connect(this.index, {
      message: (bytes) => this.#message(process, connection, bytes as Uint8Array),
      closed: () => this.#closed(process, connection),
    });
    const { connection } = process;
    if (connection === undefined) {
      this.#retry(process);
      return;
    }
    process.machine.connected(this.#nowMs);
    this.#act(process);
  }

  /** A process that is stopped does nothing; what is due comes first when it goes on. */
  #onceAwake(process: Process, act: () => void): void {
    this.#world.timeline.after(TICK_MS, () => {
      if (!this.#lives(process)) return;
      if (process.paused) this.#onceAwake(process, act);
      else this.#world.timeline.after(TICK_MS, act);
    });
  }

  #retry(process: Process): void {
    const capMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** process.attempts++);
    const delayMs = this.#world.chance.whole(1, capMs);
    this.#world.timeline.after(delayMs, () => this.#connect(process));
  }

  #message(process: Process, connection: Connection | undefined, bytes: Uint8Array): void {
    if (!this.#lives(process) || process.connection !== connection) return;
    if (process.paused) {
      // It waits in the socket.
      this.#world.timeline.after(TICK_MS, () => this.#message(process, connection, bytes));
      return;
    }
    const { message } = decodeMessage(bytes);
    process.attempts = 0;
    process.machine.receive(message as ControlMessage, this.#nowMs);
    this.#act(process);
  }

  #closed(process: Process, connection: Connection | undefined): void {
    if (!this.#lives(process) || process.connection !== connection) return;
    process.connection = undefined;
    process.machine.disconnected();
    this.#retry(process);
  }

  #act(process: Process): void {
    for (const output of process.machine.take()) this.#do(process, output);
  }

  #do(process: Process, output: AgentOutput): void {
    const { connection } = process;
    if (output.kind === 'SEND') {
      const bytes = encodeMessage(output.message, process.epoch.epoch);
      connection?.send('collector', bytes, isSealedMessage(output.message));
    } else if (output.kind === 'READ_RING') {
      const { requestId, epoch, stream, seq } = output;
      this.#world.timeline.after(this.#world.chance.whole(0, 5), async () => {
        if (!this.#lives(process)) return;
        const sealed = await process.ring.read(epoch, stream, seq);
        process.machine.ringRead({ requestId, seq }, sealed, this.#nowMs);
        this.#act(process);
      });
    } else if (output.kind === 'REQUEST' && output.request.type === 'AUDIT') {
      const audit = output.request;
      this.#world.timeline.after(this.#world.chance.whole(0, 50), () => {
        return this.#lives(process) ? this.#audit(process, audit) : undefined;
      });
    } else if (output.kind === 'CLOSE') {
      connection?.close('agent');
      process.connection = undefined;
      if (process.machine.phase === 'FENCED') this.#fenced(process);
      else if (output.retryAfterMs !== undefined) this.#retry(process);
    }
  }

  async #audit(process: Process, audit: Audit): Promise<void> {
    const { requestId, group } = audit;
    const held = await process.retained.audit(group, audit);
    process.machine.send({ type: 'AUDIT_RESULT', requestId, group, ...held }, this.#nowMs);
    this.#act(process);
  }

  /** A zombie ends here; the agent itself is started again. */
  #fenced(process: Process): void {
    if (this.#zombies.delete(process)) {
      this.fencedZombies++;
      return;
    }
    if (this.#process !== process) return;
    this.crash(false);
    this.#world.timeline.after(FENCED_MS, () => (this.isRunning ? undefined : this.start()));
  }

  get #nowMs(): number {
    return this.#world.timeline.nowMs + this.#aheadMs;
  }

  #lives(process: Process): boolean {
    return this.#process === process || this.#zombies.has(process);
  }

  #every(process: Process, periodMs: number, act: () => void | Promise<void>): void {
    this.#world.timeline.after(periodMs, async () => {
      if (!this.#lives(process)) return;
      if (!process.paused) await act();
      this.#every(process, periodMs, act);
    });
  }
}

function seriesOf(id: number): SchemaSeries {
  const group = id === EVENT_SERIES ? EVENT_GROUP : LIVE_GROUP;
  return {
    id,
    labels: Labels.fromPairs(['__name__', `series_${id}`]),
    family: `series_${id}`,
    type: 'gauge',
    unit: '',
    help: '',
    group,
    priority: 'B',
  };
}
