import type { ByteReader, ByteWriter, Interval } from '../../util/index.ts';
import { IntervalSet } from '../../util/index.ts';
import type { SealedCounts } from './sealed-counts.ts';
import { LOSS_REASONS, type LossReason } from './loss-reason.ts';

/** What is known of one sequence number. The last five are final. */
export type SequenceState =
  | 'EXPECTED'
  | 'RECEIVED'
  | 'MISSING'
  | 'REQUESTED'
  | 'DURABLE'
  | 'REPAIRED'
  | 'DEGRADED'
  | 'LOST'
  | 'REJECTED';

/** A run of sequence numbers that were sealed and are not here. */
export interface Gap extends Interval {
  /** When it was first known that they are not. */
  readonly sinceMs: number;
}

interface Mark {
  /** Numbers up to here were known at `ms`; those after the mark before only then. */
  readonly seq: number;
  readonly ms: number;
}

interface StreamSeq {
  readonly stream: number;
  readonly seq: number;
}

const NONE = new IntervalSet();
const NONE_SETTLED: readonly StreamSeq[] = [];

/** More kinds of times than this say the same about when to repair. */
const MARKS_MAX = 64;
/** Stretches of repaired numbers that are told apart from what came live. */
const REPAIRED_RANGES_MAX = 256;

/**
 * The sequence numbers of one agent, epoch and lane, from 1 to the last that is known to be
 * sealed. A number is in one state at a time; what is neither received nor resolved is missing by
 * definition, so no gap can be forgotten. Memory goes with the number of gaps.
 */
export class LaneLedger {
  /** The highest number known to be sealed. */
  lastSeq = 0;
  /** The agent holds nothing below. */
  firstRetained = 1;
  readonly durable = new IntervalSet();
  /** The part of `durable` that came by repair; of the oldest only the count is kept. */
  readonly repaired = new IntervalSet();
  #foldedRepairs = 0;
  readonly degraded = new IntervalSet();
  readonly rejected = new IntervalSet();
  /**
   * Stored, and nobody remembers how many of their samples the store refused: the process ended
   * after the record that stored them and before it could write that down.
   */
  readonly unconfirmed = new IntervalSet();
  readonly lost = new Map<LossReason, IntervalSet>();
  /** Everything that came to a final state. */
  readonly resolved = new IntervalSet();
  /** Not in the store yet; forgotten with the process. */
  readonly received = new IntervalSet();
  readonly requested = new IntervalSet();
  #marks: Mark[] = [];

  stateOf(seq: number): SequenceState {
    if (this.repaired.has(seq)) return 'REPAIRED';
    if (this.durable.has(seq)) return 'DURABLE';
    if (this.degraded.has(seq)) return 'DEGRADED';
    if (this.rejected.has(seq)) return 'REJECTED';
    if (this.resolved.has(seq)) return 'LOST';
    if (this.received.has(seq)) return 'RECEIVED';
    if (seq > this.lastSeq) return 'EXPECTED';
    return this.requested.has(seq) ? 'REQUESTED' : 'MISSING';
  }

  /** Why a lost number is lost. */
  lossReason(seq: number): LossReason | undefined {
    for (const [reason, set] of this.lost) if (set.has(seq)) return reason;
    return undefined;
  }

  /** The agent has sealed up to `lastSeq` and holds from `firstRetained` on. */
  heard(firstRetained: number, lastSeq: number, nowMs: number): void {
    this.#know(lastSeq, nowMs);
    if (firstRetained <= this.firstRetained) return;
    this.firstRetained = firstRetained;
    this.lose(1, Math.min(firstRetained - 1, this.lastSeq), 'EVICTED');
  }

  /**
   * Takes a number in; false when it is here already. One that was given up is taken too: data that
   * comes after all is better than a loss that was declared.
   */
  receive(seq: number, nowMs: number): boolean {
    if (this.received.has(seq) || this.durable.has(seq)) return false;
    if (seq > this.lastSeq) {
      // What was jumped over is missing from now on; the number itself never was.
      this.#know(seq, nowMs);
    }
    this.#unresolve(seq);
    this.received.add(seq);
    this.requested.remove(seq);
    return true;
  }

  /** What was received did not get into the store: it is missing again. */
  drop(seq: number): void {
    this.received.remove(seq);
  }

  /** What was received is in the store for good. */
  settle(seq: number, byRepair: boolean): void {
    this.received.remove(seq);
    this.durable.add(seq);
    if (byRepair) this.#addRepaired(seq);
    this.#resolve(seq, seq);
  }

  /** The number's content will never be stored. */
  reject(seq: number): void {
    if (this.durable.has(seq)) return;
    this.#unresolve(seq);
    this.received.remove(seq);
    this.rejected.add(seq);
    this.#resolve(seq, seq);
  }

  /** Gives up what is missing in `from` to `to`; how many numbers that were. */
  lose(from: number, to: number, reason: LossReason): number {
    let count = 0;
    for (const gap of this.missing(from, to)) {
      let set = this.lost.get(reason);
      if (set === undefined) this.lost.set(reason, (set = new IntervalSet()));
      count += set.add(gap.from, gap.to);
      this.#resolve(gap.from, gap.to);
    }
    return count;
  }

  /** What is missing in `from` to `to` came as a rollup only. */
  degrade(from: number, to: number): void {
    for (const gap of this.missing(from, to)) {
      this.degraded.add(gap.from, gap.to);
      this.#resolve(gap.from, gap.to);
    }
  }

  request(from: number, to: number): void {
    for (const gap of this.missing(from, to)) this.requested.add(gap.from, gap.to);
  }

  /** A request came to its end: what it did not bring is missing again. */
  release(from: number, to: number): void {
    this.requested.remove(from, to);
  }

  /** What is sealed and neither here nor given up, requested or not. */
  missing(from = 1, to: number = this.lastSeq): Interval[] {
    const found: Interval[] = [];
    // Fast path: nothing is. The two sets have no number in common, and none beyond the last.
    if (this.missingCount === 0) return found;
    for (const gap of this.resolved.gaps(from, Math.min(to, this.lastSeq))) {
      found.push(...this.received.gaps(gap.from, gap.to));
    }
    return found;
  }

  /** Since when a number that is not resolved is known; undefined where nobody remembers. */
  missingSinceMs(seq: number): number | undefined {
    if (seq > this.lastSeq || this.resolved.has(seq)) return undefined;
    return this.#marks.find((mark) => mark.seq >= seq)?.ms;
  }

  get missingCount(): number {
    return this.lastSeq - this.resolved.size - this.received.size;
  }

  /** Missing and not asked for, ascending, each part with the time since when it is missing. */
  gaps(): Gap[] {
    const found: Gap[] = [];
    for (const missing of this.missing()) {
      for (const { from, to } of this.requested.gaps(missing.from, missing.to)) {
        for (let start = from; start <= to; ) {
          const mark = this.#marks.find(({ seq }) => seq >= start);
          const end = Math.min(to, mark?.seq ?? to);
          found.push({ from: start, to: end, sinceMs: mark?.ms ?? 0 });
          start = end + 1;
        }
      }
    }
    return found;
  }

  /** Its numbers by what became of them. */
  counts(): SealedCounts {
    let lost = 0;
    for (const set of this.lost.values()) lost += set.size;
    return {
      sealed: this.lastSeq,
      durable: this.durable.size,
      repaired: this.repaired.size + this.#foldedRepairs,
      missing: this.missingCount,
      degraded: this.degraded.size,
      rejected: this.rejected.size,
      lost,
    };
  }

  /** All up to here are received or given up. */
  get cumReceived(): number {
    let seq = 0;
    for (;;) {
      const next = this.received.contiguousFrom(this.resolved.contiguousFrom(seq + 1) + 1);
      if (next === seq) return seq;
      seq = next;
    }
  }

  /** All up to here are in the store for good or given up. */
  get cumDurable(): number {
    return this.resolved.contiguousFrom(1);
  }

  /** What is final, as a lane of its own: what is only received or requested is missing in it. */
  cloneFinal(): LaneLedger {
    const copy = new LaneLedger();
    copy.lastSeq = this.lastSeq;
    copy.firstRetained = this.firstRetained;
    copy.durable.assign(this.durable);
    copy.repaired.assign(this.repaired);
    copy.#foldedRepairs = this.#foldedRepairs;
    copy.degraded.assign(this.degraded);
    copy.rejected.assign(this.rejected);
    copy.unconfirmed.assign(this.unconfirmed);
    copy.resolved.assign(this.resolved);
    for (const [reason, set] of this.lost) copy.lost.set(reason, set.clone());
    return copy;
  }

  /**
   * With those of `settled` that are on lane `stream`, which are received, as stored; what the
   * store will make of their samples is not known when the record is written.
   */
  encode(writer: ByteWriter, stream = 0, settled: readonly StreamSeq[] = NONE_SETTLED): void {
    const { durable, unconfirmed } = this;
    // Put in and taken out again, which for what goes on at the end costs next to nothing.
    for (const batch of settled) {
      if (batch.stream !== stream) continue;
      durable.add(batch.seq);
      unconfirmed.add(batch.seq);
    }
    try {
      this.#encode(writer);
    } finally {
      for (const batch of settled) {
        if (batch.stream !== stream) continue;
        durable.remove(batch.seq);
        unconfirmed.remove(batch.seq);
      }
    }
  }

  #encode(writer: ByteWriter): void {
    writer.uint(this.lastSeq);
    writer.uint(this.firstRetained);
    for (const set of [this.durable, this.repaired, this.degraded, this.rejected]) {
      set.encode(writer);
    }
    for (const reason of LOSS_REASONS) (this.lost.get(reason) ?? NONE).encode(writer);
    writer.uint(this.#foldedRepairs);
    this.unconfirmed.encode(writer);
  }

  /** Reads what `encode` wrote. What was only received or requested is missing again. */
  static decode(reader: ByteReader, nowMs: number, version: number): LaneLedger {
    const lane = new LaneLedger();
    const readUint = (): number => reader.uint();
    const lastSeq = reader.uint();
    lane.firstRetained = reader.uint();
    for (const set of [lane.durable, lane.repaired, lane.degraded, lane.rejected]) {
      set.addAll(IntervalSet.decode(readUint));
      lane.resolved.addAll(set);
    }
    for (const reason of LOSS_REASONS) {
      const set = IntervalSet.decode(readUint);
      if (set.size > 0) lane.lost.set(reason, set);
      lane.resolved.addAll(set);
    }
    if (version >= 3) lane.#foldedRepairs = reader.uint();
    if (version >= 4) lane.unconfirmed.addAll(IntervalSet.decode(readUint));
    lane.#know(lastSeq, nowMs);
    return lane;
  }

  #addRepaired(seq: number): void {
    this.repaired.add(seq);
    if (this.repaired.rangeCount <= REPAIRED_RANGES_MAX) return;
    const oldest = this.repaired.first ?? 0;
    this.#foldedRepairs += this.repaired.remove(oldest, this.repaired.contiguousFrom(oldest));
  }

  #know(seq: number, nowMs: number): void {
    if (seq <= this.lastSeq) return;
    const last = this.#marks.at(-1);
    if (last !== undefined && last.ms === nowMs) this.#marks.pop();
    this.#marks.push({ seq, ms: nowMs });
    this.lastSeq = seq;
    const cumDurable = this.cumDurable;
    let done = 0;
    while ((this.#marks[done]?.seq ?? Infinity) <= cumDurable) done++;
    // The oldest times are all long ago: the one after them will do.
    done = Math.max(done, this.#marks.length - MARKS_MAX);
    if (done > 0) this.#marks.splice(0, done);
  }

  #resolve(from: number, to: number): void {
    this.resolved.add(from, to);
    this.requested.remove(from, to);
  }

  #unresolve(seq: number): void {
    if (!this.resolved.has(seq)) return;
    for (const set of this.lost.values()) set.remove(seq);
    this.degraded.remove(seq);
    this.rejected.remove(seq);
    this.resolved.remove(seq);
  }
}
