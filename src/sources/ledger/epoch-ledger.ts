import type { ByteReader, ByteWriter } from '../../util/index.ts';
import { type GridEnd, GroupLedger, type TickAccount, type TickState } from './group-ledger.ts';
import { LaneLedger } from './lane-ledger.ts';
import { SeriesHearsay } from './series-hearsay.ts';
import { addTerms, noTerms, type Terms } from './terms.ts';

/** Lanes with sequence numbers: event and live. */
export const STREAMS = 2;
/** Runs of covered ticks, and changes of the number of series, that a group keeps one by one. */
const FOLD_ABOVE = 256;
/** What is on a grid of time comes on this lane. */
const LIVE = 1;

/** When the ticks of a group are: tick k is at anchorMs + k × intervalMs. */
export interface TickGrid {
  readonly group: number;
  /** 0: ticks are counted, not timed (events). */
  readonly intervalMs: number;
  readonly anchorMs: number;
}

/** What an agent still holds of a run before its own. */
export interface EpochExtent {
  readonly epoch: number;
  readonly streams: readonly {
    readonly stream: number;
    readonly firstRetained: number;
    /** The last that was synced. */
    readonly lastSeq: number;
  }[];
  /** Of the process that sealed it; agents need not say. */
  readonly nonce?: number | undefined;
  /** When the last that was synced was sealed, by the agent's clock; agents need not say. */
  readonly sealedMs?: number | undefined;
}

/** OPEN: may go on. LEFT: a BYE ended it. SUPERSEDED: the agent runs in a later epoch. */
export type EpochState = 'OPEN' | 'LEFT' | 'SUPERSEDED';
const EPOCH_STATES: readonly EpochState[] = ['OPEN', 'LEFT', 'SUPERSEDED'];

/** What of a batch decides how the ledger changes when it is stored. */
export interface SealedKey {
  readonly stream: number;
  readonly seq: number;
  readonly byRepair: boolean;
  /** Of a schema; 0 for batches. */
  readonly schemaVersion: number;
}

const NONE_SETTLED: readonly SealedKey[] = [];
const NONE_REJECTED = new Map<number, number>();

/** What came of taking a batch in. */
export type Receipt = 'NEW' | 'DUPLICATE' | 'MISFIT';

/** One start of an agent: its lanes, and what its groups scheduled. */
export class EpochLedger {
  readonly epoch: number;
  /** Tells a reconnect from a clone; undefined while nobody said it. */
  nonce: number | undefined;
  /** Newest schema version that is durable. */
  schemaVersion = 0;
  state: EpochState = 'OPEN';
  /** When the grid ends: the agent left, or started again. */
  endMs: number | undefined;
  /** A later run held some of it, so that what is gone since was evicted. */
  wasHeld = false;
  /**
   * The newest time by the agent's clock at which the process is known to have lived; undefined
   * where nobody remembers.
   */
  #aliveMs: number | undefined;
  readonly lanes: readonly LaneLedger[];
  readonly grids = new Map<number, TickGrid>();
  /** Those of which a batch came, or which an epoch before had. */
  readonly groups: GroupLedger[] = [];
  /** What is said of groups of which no batch came. */
  readonly hearsay = new SeriesHearsay();

  constructor(epoch: number, nonce?: number, lanes?: readonly LaneLedger[]) {
    this.epoch = epoch;
    this.nonce = nonce;
    this.lanes = lanes ?? Array.from({ length: STREAMS }, () => new LaneLedger());
  }

  lane(stream: number): LaneLedger {
    const lane = this.lanes[stream];
    if (lane === undefined) throw new RangeError(`lane ${stream} has no sequence numbers`);
    return lane;
  }

  /**
   * The groups that the agent means to report. Counting series begins with the first batch of a
   * group, or with `expected`: how many series it had when last heard of.
   * @param startMs when the epoch began: before its number where the agent's clock was set back.
   */
  declare(
    grids: readonly TickGrid[],
    expected: readonly GroupLedger[] = [],
    startMs: number = this.epoch,
  ): void {
    for (const grid of grids) {
      this.grids.set(grid.group, grid);
      for (const known of expected) {
        if (known.group !== grid.group || this.#find(known, known.stream)) continue;
        const tickFrom = firstTickFrom(grid, startMs);
        const ledger = this.#group({ group: grid.group, part: known.part, tickFrom }, known.stream);
        ledger.series.set(ledger.firstTick, Infinity, known.series.at(known.knownTick));
      }
    }
  }

  /** Takes a batch in. MISFIT: it accounts for ticks that others have accounted for. */
  receive(
    key: { stream: number; seq: number },
    accounts: readonly TickAccount[],
    nowMs: number,
  ): Receipt {
    const lane = this.lane(key.stream);
    if (lane.received.has(key.seq) || lane.durable.has(key.seq)) return 'DUPLICATE';
    for (const account of accounts) {
      if (this.#find(account, key.stream)?.fits(account, key.seq) === false) return 'MISFIT';
    }
    lane.receive(key.seq, nowMs);
    for (const account of accounts) this.#group(account, key.stream).receive(account, key.seq);
    return 'NEW';
  }

  /** A received batch is stored. `rejectedOf` gives the samples refused by the store, by group. */
  settle(
    key: { stream: number; seq: number },
    byRepair: boolean,
    rejectedOf?: ReadonlyMap<number, number>,
  ): void {
    this.lane(key.stream).settle(key.seq, byRepair);
    const left = rejectedOf === undefined ? NONE_REJECTED : new Map(rejectedOf);
    for (const group of this.groups) {
      if (group.stream !== key.stream) continue;
      // Samples that no coverage speaks of were never counted, so nothing is taken from the count.
      const rejected = Math.min(left.get(group.group) ?? 0, group.presentIn(key.seq));
      group.settle(key.seq, rejected);
      group.fold(FOLD_ABOVE, this.lane(key.stream));
      if (rejected > 0) left.set(group.group, (left.get(group.group) ?? 0) - rejected);
    }
  }

  /**
   * A stored batch came again, and it is known now what the store refused of it, by group. Nothing
   * where that was known.
   */
  confirm(
    key: { stream: number; seq: number },
    accounts: readonly TickAccount[],
    rejectedOf: ReadonlyMap<number, number> = NONE_REJECTED,
  ): boolean {
    if (this.lane(key.stream).unconfirmed.remove(key.seq) === 0) return false;
    const left = new Map(rejectedOf);
    for (const account of accounts) {
      const most = left.get(account.group) ?? 0;
      const rejected = Math.min(most, account.presentCount);
      if (rejected === 0) continue;
      this.#group(account, key.stream).sums.rejected += rejected;
      left.set(account.group, most - rejected);
    }
    return true;
  }

  /** A received batch is forgotten: missing again, to be pulled. */
  drop(key: { stream: number; seq: number }): void {
    this.lane(key.stream).drop(key.seq);
    for (const group of this.groups) if (group.stream === key.stream) group.drop(key.seq);
  }

  /**
   * A batch, received or not, will never be stored. Where it could be read, `accounts` says which
   * ticks it speaks of: their samples are rejected, where else they are only known to be not here.
   */
  reject(
    key: { stream: number; seq: number },
    nowMs: number,
    accounts: readonly TickAccount[] = [],
  ): void {
    this.drop(key);
    const lane = this.lane(key.stream);
    lane.heard(lane.firstRetained, key.seq, nowMs);
    if (lane.durable.has(key.seq)) return;
    lane.reject(key.seq);
    for (const account of accounts) {
      if (this.#find(account, key.stream)?.fits(account, key.seq) === false) return;
    }
    for (const account of accounts) this.#group(account, key.stream).receive(account, key.seq);
    for (const group of this.groups) {
      if (group.stream === key.stream) group.settle(key.seq, group.presentIn(key.seq));
    }
  }

  /**
   * The groups whose ticks are counted: where no batch of one came, a stand-in with as many series
   * as the schema has. So nothing is complete only because nothing is known of it.
   */
  get scheduledGroups(): readonly GroupLedger[] {
    if (this.grids.size <= this.groups.length || this.hearsay.size === 0) return this.groups;
    const standIns: GroupLedger[] = [];
    for (const { group, intervalMs } of this.grids.values()) {
      const seriesCount = this.hearsay.seriesOf(group);
      if (intervalMs === 0 || seriesCount === 0) continue;
      if (this.groups.some((other) => other.group === group)) continue;
      const firstTick = this.#firstTick(group);
      const standIn = new GroupLedger({ group, part: 0, stream: LIVE, firstTick });
      standIn.series.set(firstTick, Infinity, seriesCount);
      standIn.knownTick = Math.max(standIn.knownTick, this.hearsay.tickOf(group));
      standIns.push(standIn);
    }
    return standIns.length === 0 ? this.groups : [...this.groups, ...standIns];
  }

  /**
   * The agent said, at a time of its clock, which ticks are done. All that it told of as sealed is
   * of these; where it names none, of the time until then.
   */
  heardTicks(ticks: readonly { group: number; tick: number }[], agentMs: number): void {
    let aliveMs = -Infinity;
    for (const { group, tick } of ticks) {
      this.heardTick(group, tick);
      const { intervalMs = 0, anchorMs = 0 } = this.grids.get(group) ?? {};
      if (intervalMs > 0) aliveMs = Math.max(aliveMs, anchorMs + tick * intervalMs);
    }
    this.heardAlive(aliveMs === -Infinity ? agentMs : aliveMs);
  }

  /** The agent says that `tick` of a group is done. */
  heardTick(group: number, tick: number): void {
    this.hearsay.heardTick(group, tick);
    for (const ledger of this.groups) {
      if (ledger.group === group) ledger.knownTick = Math.max(ledger.knownTick, tick);
    }
  }

  /** The process lived at this time of the agent's clock: nothing is known of what was later. */
  heardAlive(agentMs: number): void {
    if (agentMs > 0) this.#aliveMs = Math.max(this.#aliveMs ?? 0, agentMs);
  }

  /** Whether what a later run holds is of this process, as far as it can be told. */
  isOf({ nonce }: Pick<EpochExtent, 'nonce'>): boolean {
    return nonce === undefined || this.nonce === undefined || nonce === this.nonce;
  }

  /** What a later run holds of it. */
  heardHeld({ streams, nonce, sealedMs }: EpochExtent, nowMs: number): void {
    this.nonce ??= nonce;
    if (sealedMs !== undefined) this.heardAlive(sealedMs);
    for (const { stream, firstRetained, lastSeq } of streams) {
      const lane = this.lane(stream);
      // It lived on for longer than was heard, and nobody says how long.
      if (sealedMs === undefined && lastSeq > lane.lastSeq) this.#aliveMs = undefined;
      lane.heard(firstRetained, lastSeq, nowMs);
      this.wasHeld ||= firstRetained <= lastSeq;
    }
  }

  /** The agent left in good order, or was started again at `endMs`. */
  close(state: 'LEFT' | 'SUPERSEDED', endMs: number): void {
    // That it took the ticks of one group is a sign of life that counts for the others too.
    for (const { group, firstTick, knownTick } of this.#aliveMs === undefined ? [] : this.groups) {
      const { intervalMs = 0, anchorMs = 0 } = this.grids.get(group) ?? {};
      // Of a group that is only expected no tick is known; the epoch's number may be ahead.
      const isKnown = intervalMs > 0 && knownTick >= firstTick;
      if (isKnown) this.heardAlive(anchorMs + knownTick * intervalMs);
    }
    this.state = state;
    this.endMs = endMs;
  }

  /** Whether every sequence number is in its final state and none can come any more. */
  get isSettled(): boolean {
    return (
      this.state !== 'OPEN' &&
      this.lanes.every((lane) => lane.received.size === 0 && lane.missingCount === 0)
    );
  }

  terms(nowMs: number): Terms {
    const sum = noTerms();
    for (const group of this.scheduledGroups) addTerms(sum, this.groupTerms(group, nowMs));
    return sum;
  }

  groupTerms(group: GroupLedger, nowMs: number): Terms {
    return group.terms(this.lane(group.stream), this.gridEnd(group, nowMs));
  }

  tickState(group: GroupLedger, tick: number, nowMs: number): TickState {
    return group.stateOf(tick, this.lane(group.stream), this.gridEnd(group, nowMs));
  }

  /** Time through which all ticks of all groups are resolved; undefined where none is timed. */
  completeThroughMs(nowMs: number): number | undefined {
    let throughMs: number | undefined;
    for (const group of this.scheduledGroups) {
      const grid = this.grids.get(group.group);
      if (grid === undefined || grid.intervalMs === 0) continue;
      const end = this.gridEnd(group, nowMs);
      const tick = group.completeThrough(this.lane(group.stream), end);
      throughMs = Math.min(throughMs ?? Infinity, grid.anchorMs + tick * grid.intervalMs);
    }
    return throughMs;
  }

  /** The last tick of a group's grid: at the epoch's end, or now. */
  gridEnd(group: GroupLedger, nowMs: number): GridEnd {
    const grid = this.grids.get(group.group);
    const closed = this.state !== 'OPEN';
    if (grid === undefined || grid.intervalMs === 0) {
      return { tick: group.knownTick, closed, aliveTick: undefined };
    }
    // The tick at the end itself is the next epoch's.
    const tick =
      this.endMs === undefined
        ? lastTickAt(grid, nowMs)
        : Math.ceil((this.endMs - grid.anchorMs) / grid.intervalMs) - 1;
    const aliveTick = this.#aliveMs === undefined ? undefined : lastTickAt(grid, this.#aliveMs);
    return { tick: Math.max(tick, group.firstTick - 1), closed, aliveTick };
  }

  /** What is final, as a ledger of its own: as `encode` and `decode` would make it, for less. */
  cloneFinal(): EpochLedger {
    const lanes = this.lanes.map((lane) => lane.cloneFinal());
    const copy = new EpochLedger(this.epoch, this.nonce, lanes);
    copy.schemaVersion = this.schemaVersion;
    copy.state = this.state;
    copy.endMs = this.endMs;
    copy.wasHeld = this.wasHeld;
    copy.#aliveMs = this.#aliveMs;
    for (const [group, grid] of this.grids) copy.grids.set(group, grid);
    for (const group of this.groups) copy.groups.push(group.cloneCovered());
    copy.hearsay.take(this.hearsay);
    return copy;
  }

  /** Whether `encode` can tell what the ledger will be when these batches, received, are stored. */
  settlesSimply(batches: readonly SealedKey[]): boolean {
    for (const { stream, seq, byRepair } of batches) {
      if (byRepair || !this.lane(stream).received.has(seq)) return false;
    }
    return this.groups.every(({ coverage, series }) => {
      return coverage.runCount + batches.length <= FOLD_ABOVE && series.stepCount <= FOLD_ABOVE;
    });
  }

  /** As it is, or as it will be when `settled` are stored, of which `settlesSimply` is true. */
  encode(writer: ByteWriter, settled: readonly SealedKey[] = NONE_SETTLED): void {
    writer.uint(this.epoch);
    writer.uint(this.nonce === undefined ? 0 : this.nonce + 1);
    let { schemaVersion } = this;
    for (const batch of settled) schemaVersion = Math.max(schemaVersion, batch.schemaVersion);
    writer.uint(schemaVersion);
    writer.uint(EPOCH_STATES.indexOf(this.state));
    writer.uint(this.endMs === undefined ? 0 : this.endMs + 1);
    writer.uint(this.wasHeld ? 1 : 0);
    writer.uint(this.#aliveMs ?? 0);
    for (const [stream, lane] of this.lanes.entries()) lane.encode(writer, stream, settled);
    writer.uint(this.grids.size);
    for (const { group, intervalMs, anchorMs } of this.grids.values()) {
      writer.uint(group);
      writer.uint(intervalMs);
      writer.uint(anchorMs);
    }
    writer.uint(this.groups.length);
    for (const group of this.groups) group.encode(writer, settled);
    this.hearsay.encode(writer);
  }

  /** Reads what `encode` wrote behind the epoch's number, in this version or one before. */
  static decode(reader: ByteReader, epoch: number, nowMs: number, version: number): EpochLedger {
    const nonce = reader.uint();
    const schemaVersion = reader.uint();
    const state = EPOCH_STATES[reader.uint()] ?? 'OPEN';
    const endMs = reader.uint();
    // Where nobody remembers, that it was is the more careful guess.
    const wasHeld = version < 5 || reader.uint() === 1;
    const aliveMs = version < 5 ? 0 : reader.uint();
    const lanes = Array.from({ length: STREAMS }, () => LaneLedger.decode(reader, nowMs, version));
    const ledger = new EpochLedger(epoch, nonce === 0 ? undefined : nonce - 1, lanes);
    ledger.schemaVersion = schemaVersion;
    ledger.state = state;
    if (endMs > 0) ledger.endMs = endMs - 1;
    ledger.wasHeld = wasHeld;
    ledger.heardAlive(aliveMs);
    for (let left = reader.uint(); left > 0; left--) {
      const grid = { group: reader.uint(), intervalMs: reader.uint(), anchorMs: reader.uint() };
      ledger.grids.set(grid.group, grid);
    }
    for (let left = reader.uint(); left > 0; left--) {
      ledger.groups.push(GroupLedger.decode(reader, version));
    }
    if (version > 1) ledger.hearsay.take(SeriesHearsay.decode(reader));
    return ledger;
  }

  #find(key: { group: number; part: number }, stream: number): GroupLedger | undefined {
    // A loop, for what is done with each batch.
    for (const ledger of this.groups) {
      const isIt = ledger.group === key.group && ledger.part === key.part;
      if (isIt && ledger.stream === stream) return ledger;
    }
    return undefined;
  }

  #group(key: { group: number; part: number; tickFrom?: number }, stream: number): GroupLedger {
    const known = this.#find(key, stream);
    if (known !== undefined) return known;
    const firstTick = this.#firstTick(key.group, key.tickFrom);
    const ledger = new GroupLedger({ group: key.group, part: key.part, stream, firstTick });
    const isTimed = (this.grids.get(key.group)?.intervalMs ?? 0) > 0;
    if (isTimed) ledger.knownTick = Math.max(ledger.knownTick, this.hearsay.tickOf(key.group));
    this.groups.push(ledger);
    return ledger;
  }

  // An epoch's number is the wall time of its start (unless the clock went back), and sampling
  // begins with the first tick at or after it.
  #firstTick(group: number, tickFrom = Infinity): number {
    const grid = this.grids.get(group);
    if (grid === undefined || grid.intervalMs === 0) return Math.min(tickFrom, 1);
    return Math.min(tickFrom, firstTickFrom(grid, this.epoch));
  }
}

function lastTickAt({ anchorMs, intervalMs }: TickGrid, atMs: number): number {
  return Math.floor((atMs - anchorMs) / intervalMs);
}

function firstTickFrom({ anchorMs, intervalMs }: TickGrid, startMs: number): number {
  return intervalMs === 0 ? Infinity : Math.max(0, Math.ceil((startMs - anchorMs) / intervalMs));
}
