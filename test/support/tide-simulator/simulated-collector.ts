import type { BatchHead, Sealed } from '../../../src/formats/tide/index.ts';
import { BatchColumns, BatchDecoder, decodeSchema } from '../../../src/formats/tide/index.ts';
import { SessionMachine } from '../../../src/ingest/session/session-machine.ts';
import type {
  AppliedFrame,
  SealedContent,
  SessionOutput,
  StateChange,
} from '../../../src/ingest/session/session-output.ts';
import type { Chance } from './chance.ts';
import type { Connection, Endpoint } from './network.ts';
import type { Timeline } from './timeline.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

const TICK_MS = 100;
const HEARTBEAT_MS = 2000;
const decoder = new BatchDecoder();

type Body = BatchColumns;
type Output = SessionOutput<Body>;

/** What is on the collector's disk: samples and states, committed together. */
export class SimulatedStore {
  /** Value by agent, series and time. */
  readonly samples = new Map<string, number>();
  readonly states = new Map<string, Uint8Array>();
  /** Samples that were stored when they were there already, without being pulled again. */
  readonly violations: string[] = [];

  commit(
    agentId: string,
    frames: readonly AppliedFrame<Body>[],
    states: readonly StateChange[],
  ): void {
    for (const frame of frames) this.#add(agentId, frame);
    for (const { key, value } of states) this.states.set(key, value);
  }

  #add(agentId: string, { sealed, content, again }: AppliedFrame<Body>): void {
    if (content.kind !== 'BATCH') return;
    const { length, seriesIds, timestamps, values } = content.body;
    for (let index = 0; index < length; index++) {
      const key = `${agentId}/${seriesIds[index]}/${timestamps[index]}`;
      const value = values[index] as number;
      const before = this.samples.get(key);
      if (before === undefined) this.samples.set(key, value);
      else if (!again || before !== value) {
        this.violations.push(`${key} stored twice, by ${sealed.epoch}/${sealed.seq}`);
      }
    }
  }
}

interface Write {
  readonly delayMs: number;
  readonly commit: () => void;
  readonly done: (stored: boolean) => void;
}

/** How the collector's disk behaves; changed while it runs. */
export interface DiskWeather {
  minCommitMs: number;
  maxCommitMs: number;
  /** Of commits that fail. */
  failures: number;
}

/** The process of a collector, on a store that outlives it. */
export class SimulatedCollector {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #disk: DiskWeather;
  #store = new SimulatedStore();
  #machine: SessionMachine<Body> | undefined;
  #connections = new Map<number, Connection>();
  /** Written one after the other, as a log is. */
  #writes: Write[] = [];
  #run = 0;

  constructor(world: { timeline: Timeline; chance: Chance; disk: DiskWeather }) {
    this.#timeline = world.timeline;
    this.#chance = world.chance;
    this.#disk = world.disk;
  }

  get machine(): SessionMachine<Body> | undefined {
    return this.#machine;
  }

  get store(): SimulatedStore {
    return this.#store;
  }

  start(): void {
    const run = ++this.#run;
    this.#machine = new SessionMachine<Body>({
      open,
      heartbeatMs: HEARTBEAT_MS,
      reconnectSpreadMs: 1000,
      runId: `run-${run}`,
      repair: { bytesPerSecond: 200_000, burstBytes: 20_000, requestBytes: 4096, timeoutMs: 1000 },
      credit: { startBytes: 16_384, minBytes: 2048, maxBytes: 65_536, batchBytes: 256 },
    });
    for (const [key, value] of this.#store.states) {
      this.#machine.load(key, value, this.#timeline.nowMs);
    }
    this.#every(run);
  }

  /** The process dies; a write under way may or may not have reached the disk. */
  crash(): void {
    const write = this.#writes[0];
    if (write !== undefined && this.#chance.hit(0.5)) write.commit();
    this.#writes = [];
    this.#machine = undefined;
    this.#run++;
    for (const connection of this.#connections.values()) connection.reset();
    this.#connections.clear();
  }

  /** What was stored is gone for good. */
  deleteStore(): void {
    this.#store = new SimulatedStore();
  }

  /** The collector's end of a new connection. */
  accept(connection: Connection): Endpoint | undefined {
    const machine = this.#machine;
    if (machine === undefined) return undefined;
    this.#connections.set(connection.id, connection);
    machine.connected(connection.id);
    return {
      message: (bytes) => {
        if (this.#machine !== machine) return;
        const received = decodeMessage(bytes as Uint8Array);
        machine.receive(connection.id, received, this.#timeline.nowMs);
        this.#act();
      },
      closed: () => {
        if (this.#machine !== machine) return;
        this.#connections.delete(connection.id);
        machine.disconnected(connection.id, this.#timeline.nowMs);
        this.#act();
      },
    };
  }

  #every(run: number): void {
    this.#timeline.after(TICK_MS, () => {
      if (this.#run !== run) return;
      this.#machine?.tick(this.#timeline.nowMs);
      this.#act();
      this.#every(run);
    });
  }

  #act(): void {
    for (const output of this.#machine?.take() ?? []) this.#do(output);
  }

  #do(output: Output): void {
    if (output.kind === 'SEND') {
      const bytes = encodeMessage(output.message, output.epoch);
      this.#connections.get(output.connection)?.send('agent', bytes, false);
    } else if (output.kind === 'CLOSE') {
      this.#connections.get(output.connection)?.close('collector');
      this.#connections.delete(output.connection);
    } else if (output.kind === 'APPLY') {
      const { agentId, frames, states, token } = output;
      this.#write(
        () => this.#store.commit(agentId, frames, states),
        (stored) => this.#machine?.applied(agentId, token, { stored }, this.#timeline.nowMs),
      );
    } else if (output.kind === 'PERSIST') {
      const { state } = output;
      this.#write(
        () => this.#store.commit('', [], [state]),
        () => {},
      );
    }
  }

  #write(commit: () => void, done: (stored: boolean) => void): void {
    const delayMs = this.#chance.whole(this.#disk.minCommitMs, this.#disk.maxCommitMs);
    this.#writes.push({ delayMs, commit, done });
    if (this.#writes.length === 1) this.#writeNext();
  }

  #writeNext(): void {
    const write = this.#writes[0];
    if (write === undefined) return;
    const run = this.#run;
    this.#timeline.after(write.delayMs, () => {
      if (this.#run !== run) return;
      const stored = !this.#chance.hit(this.#disk.failures);
      if (stored) write.commit();
      this.#writes.shift();
      // A write that is asked for meanwhile starts by itself if none waits.
      const moreWait = this.#writes.length > 0;
      write.done(stored);
      this.#act();
      if (moreWait) this.#writeNext();
    });
  }
}

function open(sealed: Sealed): SealedContent<Body> {
  if (sealed.type === 'SCHEMA') {
    return { kind: 'SCHEMA', change: decodeSchema(sealed.payload, sealed.codec) };
  }
  const body = new BatchColumns(16);
  const head: BatchHead = decoder.decode(sealed.payload, sealed.codec, body);
  return { kind: 'BATCH', head, body };
}
