import type { ByteReader, ByteWriter } from '../../util/index.ts';
import type { LaneLedger } from './lane-ledger.ts';
import { SeriesCounts } from './series-counts.ts';
import { addTerms, noTerms, type Terms } from './terms.ts';
import { TickCoverage, type TickHole, type TickRange } from './tick-coverage.ts';

/**
 * What one batch says of ticks `tickFrom` to `tickTo` of a group: series × ticks = present +
 * suppressed + shed + failed.
 */
export interface TickAccount {
  readonly group: number;
  readonly part: number;
  readonly tickFrom: number;
  readonly tickTo: number;
  readonly seriesCount: number;
  readonly presentCount: number;
  readonly suppressedCount: number;
  readonly shedCount: number;
  readonly failedCount: number;
}

interface FoldedTicks {
  /** All up to here are folded; -1 for none. */
  through: number;
  /** What was scheduled of them, and what the holes among them came to. */
  readonly terms: Terms;
}

const FOLDED_NAMES = ['scheduled', 'degraded', 'rejected', 'lost', 'down'] as const;

/** What became of a tick. */
export type TickState = 'COVERED' | 'MISSING' | 'DEGRADED' | 'REJECTED' | 'LOST' | 'DOWN';

/** Up to where a group's grid runs, and whether more may come. */
export interface GridEnd {
  /** The last tick that is scheduled. */
  readonly tick: number;
  /** The epoch is over: ticks after the last batch are lost, or were never taken. */
  readonly closed: boolean;
  /** The last tick before the newest sign of life; undefined where nobody remembers any. */
  readonly aliveTick: number | undefined;
}

/**
 * One group (or one part of it) in one epoch and lane: which of its ticks are accounted for, and
 * by what. Ticks without a stored batch take the state of the batches that could have held them,
 * so a tick can be in one state only.
 */
export class GroupLedger {
  readonly group: number;
  readonly part: number;
  readonly stream: number;
  /** First tick of the grid in this epoch. */
  firstTick: number;
  /** The newest tick that the agent is known to have taken. */
  knownTick: number;
  readonly series: SeriesCounts;
  readonly coverage: TickCoverage;
  /** Sums over covered ticks; `present` is what the batches held. */
  readonly sums = { present: 0, suppressed: 0, shed: 0, failed: 0, rejected: 0 };
  /** Sums of the ticks before `firstTick`, when these were folded. */
  readonly #folded: FoldedTicks;
  /** Of batches that are received and not stored, by sequence number. */
  readonly #inFlight = new Map<number, TickAccount[]>();

  constructor(
    key: { group: number; part: number; stream: number; firstTick: number },
    series = new SeriesCounts(),
    coverage = new TickCoverage(),
    folded: FoldedTicks = { through: -1, terms: noTerms() },
  ) {
    this.#folded = folded;
    this.group = key.group;
    this.part = key.part;
    this.stream = key.stream;
    this.firstTick = key.firstTick;
    this.knownTick = key.firstTick - 1;
    this.series = series;
    this.coverage = coverage;
  }

  /** Whether the account is of ticks that no other batch accounts for, in the order of numbers. */
  fits(account: TickAccount, seq: number): boolean {
    const { tickFrom, tickTo } = account;
    if (tickFrom <= this.#folded.through) return false;
    if (!this.coverage.fits(tickFrom, tickTo, seq)) return false;
    for (const accounts of this.#inFlight.values()) {
      for (const other of accounts) {
        if (other.tickFrom <= tickTo && other.tickTo >= tickFrom) return false;
      }
    }
    return true;
  }

  /** A batch was received; `fits` must have said that it may. */
  receive(account: TickAccount, seq: number): void {
    const accounts = this.#inFlight.get(seq);
    if (accounts === undefined) this.#inFlight.set(seq, [account]);
    else accounts.push(account);
    // What a batch says replaces what was assumed of its ticks; the newest holds from there on.
    const newest = account.tickTo >= this.knownTick;
    this.series.set(account.tickFrom, newest ? Infinity : account.tickTo, account.seriesCount);
    // The epoch began before its number, where the clock was set back: nothing is known of others.
    if (this.knownTick < this.firstTick) this.knownTick = account.tickTo;
    this.firstTick = Math.min(this.firstTick, account.tickFrom);
    this.knownTick = Math.max(this.knownTick, account.tickTo);
  }

  /** What was received is forgotten: its ticks are missing again. */
  drop(seq: number): void {
    this.#inFlight.delete(seq);
  }

  /** Samples that a received batch holds. */
  presentIn(seq: number): number {
    let count = 0;
    for (const { presentCount } of this.#inFlight.get(seq) ?? []) count += presentCount;
    return count;
  }

  /** What was received is stored, all but `rejectedCount` of its samples. */
  settle(seq: number, rejectedCount: number): void {
    for (const account of this.#inFlight.get(seq) ?? []) {
      this.coverage.cover(account.tickFrom, account.tickTo, seq);
      this.sums.present += account.presentCount;
      this.sums.suppressed += account.suppressedCount;
      this.sums.shed += account.shedCount;
      this.sums.failed += account.failedCount;
    }
    this.sums.rejected += rejectedCount;
    this.#inFlight.delete(seq);
  }

  /**
   * Keeps only sums of the oldest ticks where there are more than `most` runs of covered ticks, or
   * changes of the number of series: half of them go, up to the first that may still come.
   */
  fold(most: number, lane: LaneLedger): void {
    if (this.coverage.runCount <= most && this.series.stepCount <= most) return;
    const start = this.#startTick(lane);
    const kept = most >>> 1;
    const runStart = this.coverage.runCount > most ? this.coverage.runStart(kept) : undefined;
    const stepStart = this.series.stepCount > most ? this.series.stepStart(kept) : undefined;
    let tick = Math.max(runStart ?? start, stepStart ?? start);
    tick = Math.min(tick, this.coverage.lastTick ?? start);
    const holes = this.coverage.holes(start);
    for (const { from, to, seqFrom, seqTo } of holes) {
      const mayCome = !lane.resolved.covers(seqFrom, seqTo);
      if (from < tick && (mayCome || to >= tick)) tick = Math.min(tick, from);
    }
    if (tick <= start) return;
    const { terms } = this.#folded;
    terms.scheduled += this.series.sum(start, tick - 1);
    // No hole before a covered tick is the tail, whatever the end of the grid.
    const end = { tick: this.knownTick, closed: true, aliveTick: undefined };
    for (const hole of holes) {
      if (hole.to < tick) this.#addTicks(terms, hole, this.#holeState(hole, hole.from, lane, end));
    }
    this.coverage.dropBefore(tick);
    this.series.dropBefore(tick);
    this.firstTick = tick;
    this.#folded.through = tick - 1;
  }

  /** Of ticks that were folded COVERED is said, whatever became of them. */
  stateOf(tick: number, lane: LaneLedger, end: GridEnd): TickState {
    if (tick <= this.#folded.through || this.coverage.has(tick)) return 'COVERED';
    const hole = this.#holes(lane, end).find(({ from, to }) => from <= tick && to >= tick);
    return hole === undefined ? 'MISSING' : this.#holeState(hole, tick, lane, end);
  }

  /** The terms over the grid up to `end`. */
  terms(lane: LaneLedger, end: GridEnd): Terms {
    const terms = noTerms();
    const { present, suppressed, shed, failed, rejected } = this.sums;
    terms.stored = present - rejected;
    terms.suppressed = suppressed;
    terms.shed = shed;
    terms.failed = failed;
    terms.rejected = rejected;
    const last = Math.max(end.tick, this.knownTick);
    terms.scheduled = this.series.sum(this.#startTick(lane), last);
    addTerms(terms, this.#folded.terms);
    for (const hole of this.#holes(lane, end)) this.#addHole(terms, hole, lane, end);
    for (const accounts of this.#inFlight.values()) {
      for (const { seriesCount, tickFrom, tickTo } of accounts) {
        terms.inFlight += seriesCount * (tickTo - tickFrom + 1);
        terms.missing -= this.series.sum(tickFrom, tickTo);
      }
    }
    return terms;
  }

  /**
   * The parts of a hole that are each in one state. Only the tail has ticks beyond what is known,
   * and only there the state may change midway.
   */
  stretches({ from, to }: TickRange, { aliveTick }: GridEnd): TickRange[] {
    const parts: TickRange[] = [];
    let start = from;
    for (const last of [this.knownTick, aliveTick ?? to, to]) {
      const end = Math.min(last, to);
      if (end < start) continue;
      parts.push({ from: start, to: end });
      start = end + 1;
    }
    return parts;
  }

  /** The newest tick such that it and all before it are resolved; one before the first for none. */
  completeThrough(lane: LaneLedger, end: GridEnd): number {
    for (const hole of this.#holes(lane, end)) {
      const open = this.#holeState(hole, hole.from, lane, end) === 'MISSING';
      if (open && this.series.sum(hole.from, hole.to) > 0) return hole.from - 1;
    }
    return Math.max(end.tick, this.knownTick);
  }

  /** What is covered, as a ledger of its own: batches in flight are not in it. */
  cloneCovered(): GroupLedger {
    const { through, terms } = this.#folded;
    const folded = { through, terms: { ...terms } };
    const copy = new GroupLedger(this, this.series.clone(), this.coverage.clone(), folded);
    copy.knownTick = this.knownTick;
    Object.assign(copy.sums, this.sums);
    return copy;
  }

  /** With what was received of `settled` as stored, none of it rejected. */
  encode(writer: ByteWriter, settled: readonly { stream: number; seq: number }[]): void {
    writer.uint(this.group);
    writer.uint(this.part);
    writer.uint(this.stream);
    writer.uint(this.firstTick);
    writer.uint(this.knownTick + 1 - this.firstTick);
    this.series.encode(writer);
    let { coverage } = this;
    let { present, suppressed, shed, failed } = this.sums;
    for (const { stream, seq } of settled) {
      const accounts = stream === this.stream ? this.#inFlight.get(seq) : undefined;
      if (accounts === undefined) continue;
      if (coverage === this.coverage) coverage = coverage.clone();
      for (const account of accounts) {
        coverage.cover(account.tickFrom, account.tickTo, seq);
        present += account.presentCount;
        suppressed += account.suppressedCount;
        shed += account.shedCount;
        failed += account.failedCount;
      }
    }
    coverage.encode(writer);
    writer.uint(present);
    writer.uint(suppressed);
    writer.uint(shed);
    writer.uint(failed);
    writer.uint(this.sums.rejected);
    writer.uint(this.#folded.through + 1);
    for (const name of FOLDED_NAMES) writer.uint(this.#folded.terms[name]);
  }

  static decode(reader: ByteReader, version: number): GroupLedger {
    const key = {
      group: reader.uint(),
      part: reader.uint(),
      stream: reader.uint(),
      firstTick: reader.uint(),
    };
    const known = reader.uint();
    const ledger = new GroupLedger(key, SeriesCounts.decode(reader), TickCoverage.decode(reader));
    ledger.knownTick = key.firstTick + known - 1;
    ledger.sums.present = reader.uint();
    ledger.sums.suppressed = reader.uint();
    ledger.sums.shed = reader.uint();
    ledger.sums.failed = reader.uint();
    ledger.sums.rejected = reader.uint();
    if (version < 3) return ledger;
    ledger.#folded.through = reader.uint() - 1;
    for (const name of FOLDED_NAMES) ledger.#folded.terms[name] = reader.uint();
    return ledger;
  }

  #holes(lane: LaneLedger, end: GridEnd): TickHole[] {
    const start = this.#startTick(lane);
    const holes = this.coverage.holes(start);
    const last = Math.max(end.tick, this.knownTick);
    const from = Math.max(start, (this.coverage.lastTick ?? -1) + 1);
    if (from <= last) {
      holes.push({ from, to: last, seqFrom: this.coverage.lastSeq + 1, seqTo: lane.lastSeq });
    }
    return holes;
  }

  /**
   * The first tick that is scheduled. Where all batches before the first with this group are
   * stored, the group began there, later than its epoch.
   */
  #startTick(lane: LaneLedger): number {
    const covered = this.coverage.firstTick;
    const head = this.coverage.holes(this.firstTick)[0];
    if (covered === undefined || head === undefined || head.from > covered) return this.firstTick;
    return lane.durable.covers(head.seqFrom, head.seqTo) ? covered : this.firstTick;
  }

  #addHole(terms: Terms, hole: TickHole, lane: LaneLedger, end: GridEnd): void {
    for (const part of this.stretches(hole, end)) {
      this.#addTicks(terms, part, this.#holeState(hole, part.from, lane, end));
    }
  }

  #addTicks(terms: Terms, { from, to }: TickRange, state: TickState): void {
    const samples = this.series.sum(from, to);
    if (state === 'MISSING') terms.missing += samples;
    else if (state === 'DOWN') terms.down += samples;
    else if (state === 'LOST') terms.lost += samples;
    else if (state === 'DEGRADED') terms.degraded += samples;
    else terms.rejected += samples;
  }

  #holeState(hole: TickHole, tick: number, lane: LaneLedger, end: GridEnd): TickState {
    const { seqFrom, seqTo } = hole;
    const isTail = hole.from > (this.coverage.lastTick ?? -1);
    if (isTail && !end.closed) return 'MISSING';
    if (!lane.resolved.covers(seqFrom, seqTo)) return 'MISSING';
    if (isTail && tick > this.knownTick && !this.#mayBeLost(tick, hole, lane, end)) return 'DOWN';
    if (lane.degraded.countIn(seqFrom, seqTo) > 0) return 'DEGRADED';
    if (lane.rejected.countIn(seqFrom, seqTo) > 0) return 'REJECTED';
    return 'LOST';
  }

  /**
   * Whether a batch that is lost may have held `tick`, after the last one that is known: batches at
   * the end of the epoch are lost, and the tick was due while the process lived. Where nobody knows
   * how long it did, that cannot be told from the time in which it was down; then what a crash took
   * counts as sealed before the agent last told of its ticks.
   */
  #mayBeLost(
    tick: number,
    { seqFrom, seqTo }: TickHole,
    lane: LaneLedger,
    { aliveTick }: GridEnd,
  ): boolean {
    if (aliveTick !== undefined && tick > aliveTick) return false;
    let lost = 0;
    for (const [reason, set] of lane.lost) {
      if (aliveTick !== undefined || reason !== 'CRASH') lost += set.countIn(seqFrom, seqTo);
    }
    return lost > 0;
  }
}
