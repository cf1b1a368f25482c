import { ByteReader, ByteWriter } from '../../util/index.ts';
import { type EpochExtent, EpochLedger, type TickGrid } from './epoch-ledger.ts';
import type { TickAccount } from './group-ledger.ts';
import { FoldedEpochs } from './folded-epochs.ts';
import { addTerms, noTerms, type Terms } from './terms.ts';

/** Kind of the keys under which ledgers are kept in the store's keyed state. */
export const LEDGER_STATE_PREFIX = 'ledger/';

/**
 * First byte of an epoch's state. Version 1 had no hearsay of groups, 2 no folded ticks, 3 nothing
 * of what is unconfirmed, 4 nothing of how long a run lived and who held it.
 */
const STATE_VERSION = 5;

/** Stands where an epoch's number would, in the state of those that were folded. */
const FOLDED = 0;

/** A batch that is received and about to be stored. */
export interface SettledBatch {
  readonly stream: number;
  readonly seq: number;
  readonly byRepair: boolean;
  readonly accounts: readonly TickAccount[];
  /** Of a schema; 0 for batches. */
  readonly schemaVersion: number;
}

/** The epochs of one agent: the collector's whole truth about what it sent and what is here. */
export class AgentLedger {
  readonly agentId: string;
  readonly #epochs = new Map<number, EpochLedger>();
  /** The oldest epochs, of which only sums are kept. */
  readonly folded = new FoldedEpochs();

  constructor(agentId: string) {
    this.agentId = agentId;
  }

  /** Ascending. */
  get epochs(): EpochLedger[] {
    return [...this.#epochs.values()].sort((a, b) => a.epoch - b.epoch);
  }

  /** Epochs that are kept one by one. */
  get epochCount(): number {
    return this.#epochs.size;
  }

  /** The highest epoch known; 0 for none. */
  get currentEpoch(): number {
    let newest = 0;
    for (const epoch of this.#epochs.keys()) newest = Math.max(newest, epoch);
    return newest;
  }

  epoch(epoch: number): EpochLedger | undefined {
    return this.#epochs.get(epoch);
  }

  /**
   * The agent runs in `epoch` now. Epochs before it are over: each ended when the next began, and
   * what was sealed after `previous` says it was synced, and is not here, is lost with the crash.
   * @param agentMs time of the agent's own clock: before the epoch only where that was set back.
   */
  open(
    epoch: number,
    nonce: number,
    grids: readonly TickGrid[],
    previous: readonly EpochExtent[],
    nowMs: number,
    agentMs: number = epoch,
  ): EpochLedger {
    const startMs = Math.min(epoch, agentMs);
    const before = this.epochs.filter((other) => other.epoch < epoch);
    const newestBefore = before.at(-1);
    for (const extent of previous) {
      const isKnown = extent.epoch <= this.folded.through || this.#epochs.has(extent.epoch);
      if (extent.epoch >= epoch || isKnown) continue;
      const unheard = new EpochLedger(extent.epoch, extent.nonce);
      // A number that follows the one before may be ahead of the clock; others are its time.
      const isNext = this.#epochs.has(extent.epoch - 1) || this.folded.through === extent.epoch - 1;
      const beganMs = isNext ? Math.min(extent.epoch, startMs) : extent.epoch;
      unheard.declare(grids, newestBefore?.groups, beganMs);
      if (newestBefore !== undefined) unheard.hearsay.assume(newestBefore.hearsay);
      this.#epochs.set(extent.epoch, unheard);
    }
    const ledger = this.#epochs.get(epoch) ?? new EpochLedger(epoch);
    this.#epochs.set(epoch, ledger);
    ledger.nonce = nonce;
    ledger.state = 'OPEN';
    ledger.endMs = undefined;
    this.#closeBefore({ epoch, startMs }, previous, nowMs);
    const newest = this.epochs.findLast((other) => other.epoch < epoch);
    ledger.declare(grids, newest?.groups, startMs);
    if (newest !== undefined) ledger.hearsay.assume(newest.hearsay);
    return ledger;
  }

  /**
   * A schema of `epoch` was received that brings series of these groups, each named once for each
   * series: other epochs that nothing is known of are taken to have as many.
   */
  heardSeries(epoch: number, version: number, groups: Iterable<number>): void {
    const ledger = this.#epochs.get(epoch);
    if (ledger === undefined) return;
    ledger.hearsay.addOwn(version, groups);
    for (const other of this.#epochs.values()) {
      if (other !== ledger) other.hearsay.assume(ledger.hearsay);
    }
  }

  /**
   * Whether what an agent retains is of the epoch that is known by its number. Two machines with
   * one identity may have begun with the same: what is known first is the epoch, and nothing of the
   * other is taken for it.
   */
  isOf(extent: EpochExtent): boolean {
    return this.#epochs.get(extent.epoch)?.isOf(extent) ?? true;
  }

  /** What an agent retains of epochs before its own. */
  heardPrevious(previous: readonly EpochExtent[], nowMs: number): void {
    for (const extent of previous) {
      if (this.isOf(extent)) this.#epochs.get(extent.epoch)?.heardHeld(extent, nowMs);
    }
  }

  /** Numbers of all epochs that are missing, requested or not. */
  get missingCount(): number {
    let count = 0;
    for (const { lanes } of this.#epochs.values()) {
      for (const lane of lanes) count += lane.missingCount;
    }
    return count;
  }

  terms(nowMs: number): Terms {
    const sum = noTerms();
    addTerms(sum, this.folded.terms);
    for (const epoch of this.#epochs.values()) addTerms(sum, epoch.terms(nowMs));
    return sum;
  }

  /**
   * Keeps only the sums of the oldest epochs, until `most` are left, as far as all of each came to
   * its end and `mayCome` says that the agent holds nothing of it; those that were folded.
   */
  fold(most: number, mayCome: (epoch: number) => boolean, nowMs: number): number[] {
    const done: number[] = [];
    if (this.#epochs.size <= most) return done;
    const epochs = this.epochs;
    // The newest tells who may open a session.
    for (const epoch of epochs.slice(
      0,
      Math.max(0, Math.min(epochs.length - most, epochs.length - 1)),
    )) {
      if (!epoch.isSettled || mayCome(epoch.epoch)) break;
      this.folded.add(epoch, nowMs);
      this.#epochs.delete(epoch.epoch);
      done.push(epoch.epoch);
    }
    return done;
  }

  /** Key and value of what is kept of folded epochs. */
  foldedState(): { key: string; value: Uint8Array } {
    writer.reset();
    writer.uint(STATE_VERSION);
    writer.uint(FOLDED);
    this.folded.encode(writer);
    return { key: this.stateKey(FOLDED), value: writer.written().slice() };
  }

  /**
   * The newest time such that every tick up to it is resolved: stored, explained, or declared lost;
   * undefined while nothing is known.
   */
  completeThroughMs(nowMs: number): number | undefined {
    let throughMs: number | undefined;
    let openMs = Infinity;
    for (const epoch of this.epochs) {
      const epochMs = epoch.completeThroughMs(nowMs);
      if (epochMs === undefined) {
        // Numbers are missing, and nobody knows of what ticks: none of its can count as resolved.
        const isOpen = epoch.lanes.some(({ missingCount }) => missingCount > 0);
        if (isOpen) openMs = Math.min(openMs, epoch.epoch - 1);
      } else if (epoch.isSettled) {
        throughMs = epochMs;
      } else {
        openMs = Math.min(openMs, epochMs);
      }
    }
    if (openMs < Infinity) return openMs;
    return throughMs;
  }

  /** Key of an epoch's state in the store. */
  stateKey(epoch: number): string {
    return `${LEDGER_STATE_PREFIX}${this.agentId}/${epoch}`;
  }

  /** An epoch's state for the store, to be written in the record of the samples it speaks of. */
  encodeEpoch(epoch: number): Uint8Array {
    const ledger = this.#epochs.get(epoch);
    return ledger === undefined ? new Uint8Array(0) : encodeState(ledger);
  }

  /**
   * An epoch's state as it will be when the batches, which are received, are stored: for the record
   * that stores them.
   */
  encodeSettled(epoch: number, batches: readonly SettledBatch[], nowMs: number): Uint8Array {
    const ledger = this.#epochs.get(epoch);
    if (ledger === undefined) throw new RangeError(`epoch ${epoch} of ${this.agentId} is unknown`);
    // Fast path: what came live and in order changes so little that no copy is needed.
    if (ledger.settlesSimply(batches)) return encodeState(ledger, batches);
    const copy = ledger.cloneFinal();
    for (const { stream, seq, byRepair, accounts, schemaVersion } of batches) {
      copy.receive({ stream, seq }, accounts, nowMs);
      copy.settle({ stream, seq }, byRepair);
      copy.lane(stream).unconfirmed.add(seq);
      copy.schemaVersion = Math.max(copy.schemaVersion, schemaVersion);
    }
    return encodeState(copy);
  }

  /**
   * Takes an epoch's state back in, or that of folded ones; the epoch, if it is one that is kept.
   * @throws BadBytesError when they are not what `encodeEpoch` wrote.
   */
  loadEpoch(state: Uint8Array, nowMs: number): EpochLedger | undefined {
    const reader = new ByteReader(state);
    const version = reader.uint();
    if (version < 1 || version > STATE_VERSION) {
      const text = `state of the ledger has version ${version}, wanted 1 to ${STATE_VERSION}`;
      throw new RangeError(text);
    }
    const epoch = reader.uint();
    if (epoch === FOLDED) {
      this.folded.decode(reader);
      // Written together with the removal of theirs, which may not have been told yet.
      for (const each of this.#epochs.keys()) {
        if (each <= this.folded.through) this.#epochs.delete(each);
      }
      return undefined;
    }
    if (epoch <= this.folded.through) return undefined;
    const ledger = EpochLedger.decode(reader, epoch, nowMs, version);
    this.#epochs.set(epoch, ledger);
    return ledger;
  }

  #closeBefore(
    { epoch, startMs }: { readonly epoch: number; readonly startMs: number },
    previous: readonly EpochExtent[],
    nowMs: number,
  ): void {
    const epochs = this.epochs;
    for (const [index, ledger] of epochs.entries()) {
      if (ledger.epoch >= epoch) break;
      // What had ended already knows its tail; a BYE's `down` ends only now.
      const wasOver = ledger.state === 'SUPERSEDED';
      const endMs = Math.min((epochs[index + 1] as EpochLedger).epoch, startMs);
      // What is said at a reconnect of a time before is too late.
      const wasMs = wasOver ? (ledger.endMs ?? endMs) : endMs;
      ledger.close('SUPERSEDED', Math.min(wasMs, endMs));
      const extent = previous.find((other) => other.epoch === ledger.epoch && ledger.isOf(other));
      const { wasHeld } = ledger;
      if (extent !== undefined) ledger.heardHeld(extent, nowMs);
      for (const [stream, lane] of ledger.lanes.entries()) {
        const held = extent?.streams.find((other) => other.stream === stream);
        // The ring holds nothing of it, or nothing after `lastSeq`.
        const lastSynced = held?.lastSeq ?? 0;
        if (!wasOver || held !== undefined) lane.lose(lastSynced + 1, lane.lastSeq, 'CRASH');
        // A later run held it, and this one does not; or its write failed when it was over.
        else lane.lose(1, lane.lastSeq, wasHeld ? 'EVICTED' : 'CRASH');
      }
    }
  }
}

/** Encoding is synchronous, so all agents share it. */
const writer = new ByteWriter(1024);

function encodeState(ledger: EpochLedger, settled?: readonly SettledBatch[]): Uint8Array {
  writer.reset();
  writer.uint(STATE_VERSION);
  ledger.encode(writer, settled);
  return writer.written().slice();
}
