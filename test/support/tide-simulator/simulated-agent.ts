import { AgentRing, type RingOptions } from '../../../src/agent/ring/agent-ring.ts';
import { type AgentEpoch, beginEpoch } from '../../../src/agent/epoch.ts';
import type { AgentOutput } from '../../../src/agent/session/session-output.ts';
import { SessionMachine } from '../../../src/agent/session/session-machine.ts';
import type { ControlMessage, GroupPolicy, SchemaSeries } from '../../../src/formats/tide/index.ts';
import {
  BatchEncoder,
  CODEC_NONE,
  encodeSchema,
  schemaHash,
} from '../../../src/formats/tide/index.ts';
import { Labels } from '../../../src/model/index.ts';
import { type Crash, MemoryFileSystem, processCrash } from '../memory-file-system.ts';
import type { Chance } from './chance.ts';
import type { Connection, Endpoint } from './network.ts';
import { type SampledBatch, Sampler } from './sampler.ts';
import type { Timeline } from './timeline.ts';
import {
  EVENT_GROUP,
  EVENT_SERIES,
  INTERVAL_MS,
  LIVE_GROUP,
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
const encoder = new BatchEncoder();

/** What an agent lives in. */
export interface AgentWorld {
  readonly timeline: Timeline;
  readonly truth: Truth;
  readonly chance: Chance;
  readonly ring: Omit<RingOptions, 'epoch'>;
  readonly lingerTicks: number;
  /** Opens a connection; undefined when it is refused or nobody answers. */
  connect(agent: number, end: Endpoint): Connection | undefined;
}

/** The process of an agent: everything in it is gone when it crashes. */
interface Process {
  readonly epoch: AgentEpoch;
  readonly ring: AgentRing;
  readonly machine: SessionMachine;
  readonly sampler: Sampler;
  readonly run: RunTruth;
  readonly series: SchemaSeries[];
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

  constructor(index: number, world: AgentWorld) {
    this.index = index;
    this.id = `agent-${index}`;
    this.#world = world;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  get ring(): AgentRing | undefined {
    return this.#process?.ring;
  }

  get epoch(): number {
    return this.#process?.epoch.epoch ?? 0;
  }

  async start(): Promise<void> {
    const { timeline, truth, chance, ring: ringOptions } = this.#world;
    const fileSystem = this.#disk;
    const random = (): number => chance.next();
    const epoch = await beginEpoch({
      fileSystem,
      directory: DIRECTORY,
      wallMs: timeline.nowMs,
      random,
    });
    const run = truth.begin(this.index, epoch.epoch);
    const directory = `${DIRECTORY}/ring`;
    const options = { ...ringOptions, epoch: epoch.epoch };
    const ring = await AgentRing.open(options, { fileSystem, directory });
    const sampler = new Sampler(this.index, chance.fork(), run, chance.whole(1, 5));
    const process: Process = {
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

  /** Ends in good order after it left; what it has is on disk. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    await process.ring.close(this.#world.timeline.nowMs);
    this.crash(false);
  }

  /** Stops and goes on later, as SIGSTOP and SIGCONT do. */
  pause(durationMs: number): void {
    const process = this.#process;
    if (process === undefined) return;
    process.paused = true;
    this.#world.timeline.after(durationMs, () => {
      process.paused = false;
    });
  }

  /** A series more, from the next batch on. */
  extendSchema(): void {
    const process = this.#process;
    if (process === undefined || process.paused || process.leaving) return;
    this.#seal(process, process.sampler.flush());
    process.sampler.seriesCount++;
    this.#extendSchema(process, process.sampler.seriesCount - 1);
  }

  event(): void {
    const process = this.#process;
    if (process === undefined || process.paused || process.leaving) return;
    this.#seal(process, process.sampler.event(this.#world.timeline.nowMs), 0);
  }

  /** Seals what waits and says BYE as soon as there is a session. */
  leave(): void {
    const process = this.#process;
    if (process === undefined) return;
    if (!process.leaving) this.#seal(process, process.sampler.flush());
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
        capabilities: [],
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
    const { nowMs } = this.#world.timeline;
    const sealed = machine.seal({ type: 'SCHEMA', stream: 1, codec, payload }, nowMs);
    run.sealed.push({ stream: 1, seq: sealed.seq, kind: 'SCHEMA', ticks: [] });
    this.#act(process);
  }

  #seal(process: Process, batch: SampledBatch | undefined, stream: 0 | 1 = 1): void {
    if (batch === undefined) return;
    const { payload, codec } = encoder.encode(batch.head, batch.columns, CODEC_NONE);
    const { nowMs } = this.#world.timeline;
    const sealed = process.machine.seal({ type: 'BATCH', stream, codec, payload }, nowMs);
    process.run.sealed.push({ stream, seq: sealed.seq, kind: 'BATCH', ticks: batch.ticks });
    this.#act(process);
  }

  #tick(process: Process): void {
    const { nowMs } = this.#world.timeline;
    if (!process.leaving) {
      process.sampler.sample(nowMs);
      if (process.sampler.pendingTicks >= this.#world.lingerTicks) {
        this.#seal(process, process.sampler.flush());
      }
    }
    process.machine.tick(nowMs);
    if (process.leaving) process.machine.leave('SHUTDOWN');
    this.#act(process);
  }

  async #flush(process: Process): Promise<void> {
    const synced = process.run.sealed.findLast(({ stream }) => stream === 1);
    await process.ring.flush(this.#world.timeline.nowMs);
    const tick = synced?.ticks.at(-1)?.tick;
    if (tick !== undefined) process.run.lastSyncedTick = tick;
  }

  #connect(process: Process): void {
    if (this.#process !== process) return;
    process.connection = this.#world.connect(this.index, {
      message: (bytes) => this.#message(process, connection, bytes as Uint8Array),
      closed: () => this.#closed(process, connection),
    });
    const { connection } = process;
    if (connection === undefined) {
      this.#retry(process);
      return;
    }
    process.machine.connected(this.#world.timeline.nowMs);
    this.#act(process);
  }

  #retry(process: Process): void {
    const capMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** process.attempts++);
    const delayMs = this.#world.chance.whole(1, capMs);
    this.#world.timeline.after(delayMs, () => this.#connect(process));
  }

  #message(process: Process, connection: Connection | undefined, bytes: Uint8Array): void {
    if (this.#process !== process || process.connection !== connection) return;
    if (process.paused) {
      // It waits in the socket.
      this.#world.timeline.after(TICK_MS, () => this.#message(process, connection, bytes));
      return;
    }
    const { message } = decodeMessage(bytes);
    process.attempts = 0;
    process.machine.receive(message as ControlMessage, this.#world.timeline.nowMs);
    this.#act(process);
  }

  #closed(process: Process, connection: Connection | undefined): void {
    if (this.#process !== process || process.connection !== connection) return;
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
        if (this.#process !== process) return;
        const sealed = await process.ring.read(epoch, stream, seq);
        process.machine.ringRead({ requestId, seq }, sealed, this.#world.timeline.nowMs);
        this.#act(process);
      });
    } else if (output.kind === 'CLOSE') {
      connection?.close('agent');
      process.connection = undefined;
      if (process.machine.phase !== 'FENCED' && output.retryAfterMs !== undefined) {
        this.#retry(process);
      }
    }
  }

  #every(process: Process, periodMs: number, act: () => void | Promise<void>): void {
    this.#world.timeline.after(periodMs, async () => {
      if (this.#process !== process) return;
      if (!process.paused) await act();
      this.#every(process, periodMs, act);
    });
  }
}

const GROUPS: readonly GroupPolicy[] = [
  { group: LIVE_GROUP, intervalMs: INTERVAL_MS },
  { group: EVENT_GROUP, intervalMs: 0 },
].map(({ group, intervalMs }) => ({
  group,
  name: `group ${group}`,
  selector: '',
  intervalMs,
  anchorMs: 0,
  mode: 'ON_CHANGE',
  toleranceId: 1,
  priority: 'B',
  batchTicks: 1,
  syncTicks: 20,
  dampeningMs: 0,
}));

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
