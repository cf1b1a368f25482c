import type { BatchHead, Sealed } from '../../../src/formats/tide/index.ts';
import {
  BatchColumns,
  BatchDecoder,
  ContentHash,
  decodeSchema,
  seriesKey,
} from '../../../src/formats/tide/index.ts';
import type { AuditOutcome, DigestQuestion, StoreDigest } from '../../../src/ingest/index.ts';
import { SessionMachine } from '../../../src/ingest/session/session-machine.ts';
import type {
  AppliedFrame,
  SealedContent,
  SessionOutput,
  StateChange,
} from '../../../src/ingest/session/session-output.ts';
import { Labels } from '../../../src/model/index.ts';
import type { Chance } from './chance.ts';
import type { Connection, Endpoint } from './network.ts';
import type { Timeline } from './timeline.ts';
import { EVENT_GROUP, EVENT_SERIES } from './truth.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

const TICK_MS = 100;
const HEARTBEAT_MS = 2000;
const AUDIT_INTERVAL_MS = 15_000;
const decoder = new BatchDecoder();

type Body = BatchColumns;
type Output = SessionOutput<Body>;

/** A sample in the store, and the run that it is of. */
export interface StoredSample {
  readonly value: number;
  readonly epoch: number;
}

/** Samples that the store refused, by index of the frame, then by group. */
type Rejected = Map<number, Map<number, number>>;

/** What is on the collector's disk: samples and states, committed together. */
export class SimulatedStore {
  /** By agent, series and time. */
  readonly samples = new Map<string, StoredSample>();
  /** Samples that were refused and are not there. */
  readonly refused = new Set<string>();
  readonly states = new Map<string, Uint8Array>();
  /** Samples that were stored when they were there already, without being pulled again. */
  readonly violations: string[] = [];
  /** Agents of which two runs may have samples of the same time. */
  readonly overlapping = new Set<string>();
  /** Refusals that were not written down when the collector died. */
  mayForget = 0;
  readonly #refusedCounts = new Map<string, number>();

  countOf(agentId: string): number {
    let count = 0;
    for (const key of this.samples.keys()) if (key.startsWith(`${agentId}/`)) count++;
    return count;
  }

  /** The highest epoch that a state on disk tells of; 0 for none. */
  newestEpoch(agentId: string): number {
    let newest = 0;
    for (const key of this.states.keys()) {
      const [, agent, epoch] = key.split('/');
      if (agent === agentId) newest = Math.max(newest, Number(epoch));
    }
    return newest;
  }

  refusedCount(agentId: string): number {
    return this.#refusedCounts.get(agentId) ?? 0;
  }

  /** `refuses` says of each sample whether the store does not want it. */
  commit(
    agentId: string,
    frames: readonly AppliedFrame<Body>[],
    states: readonly StateChange[],
    refuses: () => boolean = () => false,
  ): Rejected {
    const rejected: Rejected = new Map();
    for (const [index, frame] of frames.entries()) {
      const count = this.#add(agentId, frame, refuses);
      const { content, again } = frame;
      if (count === 0 || content.kind !== 'BATCH') continue;
      rejected.set(index, new Map([[content.head.coverage[0]?.group ?? 0, count]]));
      // What is pulled again was counted the first time.
      if (again) continue;
      this.#refusedCounts.set(agentId, this.refusedCount(agentId) + count);
    }
    for (const { key, value } of states) {
      if (value === undefined) this.states.delete(key);
      else this.states.set(key, value);
    }
    return rejected;
  }

  /**
   * The disk forgets samples of a run, and nobody says so; how many. Audits look at times from the
   * run's start to now: where a clock was set, some are of before, or still to come.
   */
  loseSilently(
    agentId: string,
    { epoch, nowMs }: { readonly epoch: number; readonly nowMs: number },
    chosen: () => boolean,
  ): number {
    let count = 0;
    for (const [key, sample] of this.samples) {
      const [agent, , time] = key.split('/');
      const isOfRun = agent === agentId && sample.epoch === epoch;
      const isAudited = isOfRun && Number(time) >= epoch && Number(time) <= nowMs;
      if (!isAudited || !chosen()) continue;
      this.samples.delete(key);
      count++;
    }
    return count;
  }

  /** Count and hash, as an audit wants them. */
  digest({ agentId, group, windows }: DigestQuestion): StoreDigest[] {
    const hashes = windows.map((window) => ({ window, hash: new ContentHash() }));
    const words = new Uint32Array(2);
    const value = new Float64Array(words.buffer);
    for (const [key, sample] of this.samples) {
      const [agent, series, time] = key.split('/');
      const isEvent = Number(series) === EVENT_SERIES;
      if (agent !== agentId || (group === EVENT_GROUP) !== isEvent) continue;
      value[0] = sample.value;
      const at = Number(time);
      const labels = Labels.fromPairs(['__name__', `series_${series}`]);
      for (const { window, hash } of hashes) {
        if (at < window.minTime || at > window.maxTime) continue;
        hash.add(seriesKey(labels), at, words[0] ?? 0, words[1] ?? 0);
      }
    }
    return hashes.map(({ hash }) => ({ count: hash.count, hash: hash.hash }));
  }

  /** How many were refused. */
  #add(
    agentId: string,
    { sealed, content, again }: AppliedFrame<Body>,
    refuses: () => boolean,
  ): number {
    if (content.kind !== 'BATCH') return 0;
    let refusedCount = 0;
    const { length, seriesIds, timestamps, values } = content.body;
    const { epoch, seq } = sealed;
    for (let index = 0; index < length; index++) {
      const key = `${agentId}/${seriesIds[index]}/${timestamps[index]}`;
      const value = values[index] as number;
      const before = this.samples.get(key);
      const isConflict = before !== undefined && before.epoch !== epoch;
      if (isConflict && this.overlapping.has(agentId)) {
        refusedCount++;
      } else if (again && this.refused.has(key)) {
        refusedCount++;
      } else if (before === undefined && refuses()) {
        refusedCount++;
        this.refused.add(key);
      } else if (before === undefined) {
        this.samples.set(key, { value, epoch });
        this.refused.delete(key);
      } else if (!again || before.value !== value) {
        this.violations.push(`${key} stored twice, by ${epoch}/${seq}`);
      }
    }
    return refusedCount;
  }
}

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
