import type { BatchHead, Sealed } from '../../../src/formats/tide/index.ts';
import { BatchColumns, BatchDecoder, decodeSchema } from '../../../src/formats/tide/index.ts';
import type { AuditOutcome, DigestQuestion } from '../../../src/ingest/index.ts';
import { SessionMachine } from '../../../src/ingest/session/session-machine.ts';
import type { SealedContent, SessionOutput } from '../../../src/ingest/session/session-output.ts';
import type { Chance } from './chance.ts';
import type { Connection, Endpoint } from './network.ts';
import { type Rejected, SimulatedStore } from './simulated-store.ts';
import type { Timeline } from './timeline.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

const TICK_MS = 100;
const HEARTBEAT_MS = 2000;
const AUDIT_INTERVAL_MS = 15_000;
const decoder = new BatchDecoder();

type Body = BatchColumns;
type Output = SessionOutput<Body>;

interface Write {
  readonly delayMs: number;
  readonly commit: () => Rejected;
  readonly done: (rejected: Rejected | undefined) => void;
}

/** How the collector's disk behaves; changed while it runs. */
export interface DiskWeather {
  minCommitMs: number;
  maxCommitMs: number;
  /** Of commits that fail. */
  failures: number;
  /** Of samples that are refused. */
  refusals: number;
}

/** The process of a collector, on a store that outlives it. */
export class SimulatedCollector {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #disk: DiskWeather;
  readonly #epochsKept: number;
  /** What audits came to, in order. */
  readonly audits: { agentId: string; outcome: AuditOutcome; atMs: number }[] = [];
  #store = new SimulatedStore();
  #machine: SessionMachine<Body> | undefined;
  #connections = new Map<number, Connection>();
  /** Written one after the other, as a log is. */
  #writes: Write[] = [];
  #run = 0;
  /** Refusals that are not in a state on disk for certain. */
  #unwritten = 0;
  #turns = 0;

  constructor(world: {
    timeline: Timeline;
    chance: Chance;
    disk: DiskWeather;
    epochsKept: number;
  }) {
    this.#epochsKept = world.epochsKept;
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

  /** Times that its ledgers may have changed: while it stays, they are as they were. */
  get turns(): number {
    return this.#turns;
  }

  start(): void {
    const run = ++this.#run;
    this.#machine = new SessionMachine<Body>({
      open,
      heartbeatMs: HEARTBEAT_MS,
      reconnectSpreadMs: 1000,
      runId: `run-${run}`,
      repair: { bytesPerSecond: 200_000, burstBytes: 20_000, requestBytes: 4096, timeoutMs: 1000 },
      epochsKept: this.#epochsKept,
      audit: { intervalMs: AUDIT_INTERVAL_MS, windowMs: 3_600_000, settleMs: 3000 },
      credit: { startBytes: 16_384, minBytes: 2048, maxBytes: 65_536, batchBytes: 256 },
    });
    for (const [key, value] of this.#store.states) {
      this.#machine.load(key, value, this.#timeline.nowMs);
    }
    this.#turns++;
    this.#every(run);
  }

  /** The process dies; a write under way may or may not have reached the disk. */
  crash(): void {
    const write = this.#writes[0];
    if (write !== undefined && this.#chance.hit(0.5)) {
      for (const count of countsOf(write.commit())) this.#store.mayForget += count;
    }
    this.#store.mayForget += this.#unwritten;
    this.#unwritten = 0;
    this.#writes = [];
    this.#machine = undefined;
    this.#run++;
    for (const connection of this.#connections.values()) connection.reset();
    this.#connections.clear();
  }

  /** What was stored is gone for good. */
  deleteStore(): void {
    const { overlapping } = this.#store;
    this.#store = new SimulatedStore();
    for (const agentId of overlapping) this.#store.overlapping.add(agentId);
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
    this.#turns++;
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
        () => this.#store.commit(agentId, frames, states, () => this.#refuses()),
        (rejected) => this.#applied(agentId, token, rejected),
      );
    } else if (output.kind === 'DIGEST') {
      this.#digest(output.question);
    } else if (output.kind === 'AUDITED') {
      const { agentId, outcome } = output;
      this.audits.push({ agentId, outcome, atMs: this.#timeline.nowMs });
    } else if (output.kind === 'PERSIST') {
      const { agentId, states, token } = output;
      this.#write(
        () => this.#store.commit('', [], states),
        (rejected) => this.#persisted(agentId, token, rejected !== undefined),
      );
    }
  }

  #digest(question: DigestQuestion): void {
    const run = this.#run;
    this.#timeline.after(this.#chance.whole(0, 20), () => {
      if (this.#run !== run) return;
      const { nowMs } = this.#timeline;
      const { agentId, token } = question;
      this.#machine?.digested(agentId, token, this.#store.digest(question), nowMs);
      this.#act();
    });
  }

  #refuses(): boolean {
    return this.#chance.hit(this.#disk.refusals);
  }

  #applied(agentId: string, token: number, rejected: Rejected | undefined): void {
    const stored = rejected !== undefined;
    const { nowMs } = this.#timeline;
    for (const count of countsOf(rejected ?? new Map())) this.#unwritten += count;
    this.#machine?.applied(agentId, token, stored ? { stored, rejected } : { stored }, nowMs);
  }

  #persisted(agentId: string, token: number | undefined, isStored: boolean): void {
    if (token === undefined) return;
    this.#machine?.persisted(agentId, token, isStored, this.#timeline.nowMs);
  }

  #write(commit: () => Rejected, done: (rejected: Rejected | undefined) => void): void {
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
      const rejected = stored ? write.commit() : undefined;
      this.#writes.shift();
      // A write that is asked for meanwhile starts by itself if none waits.
      const moreWait = this.#writes.length > 0;
      write.done(rejected);
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

function countsOf(rejected: Rejected): number[] {
  return [...rejected.values()].flatMap((byGroup) => [...byGroup.values()]);
}
