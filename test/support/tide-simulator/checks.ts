import type { AgentRing } from '../../../src/agent/ring/agent-ring.ts';
import type { AgentLedger, EpochLedger, GroupLedger } from '../../../src/sources/index.ts';
import { imbalance } from '../../../src/sources/index.ts';
import type { SimulatedStore } from './simulated-store.ts';
import {
  EVENT_GROUP,
  INTERVAL_MS,
  LIVE_GROUP,
  type RunTruth,
  type SealedTruth,
  type TickTruth,
  tickKey,
} from './truth.ts';
import { isCarried, isSame, type Value, valueAt, valueText } from './values.ts';

const FINAL = new Set(['DURABLE', 'REPAIRED', 'DEGRADED', 'LOST', 'REJECTED']);

export interface Healed {
  readonly agentId: string;
  readonly ledger: AgentLedger;
  readonly ring: AgentRing;
  readonly runs: readonly RunTruth[];
  /** That of the process that goes on. */
  readonly current: RunTruth;
  readonly store: SimulatedStore;
  readonly nowMs: number;
  /** Nothing was evicted: losses can be told tick by tick. */
  readonly ringHeldAll: boolean;
  /** The agent's clock was set, or it ran twice: two runs may have taken the same ticks. */
  readonly mayOverlap: boolean;
  /** Another process had its identity. */
  readonly wasDoubled: boolean;
}

export interface HealedTally {
  stored: number;
  lostTicks: number;
  lostSequences: number;
  repaired: number;
}

/** The law that holds at every moment. */
export function checkBalance(ledger: AgentLedger, nowMs: number): void {
  const terms = ledger.terms(nowMs);
  const off = imbalance(terms);
  if (off !== 0) fail(`${ledger.agentId}: imbalance ${off} of ${JSON.stringify(terms)}`);
  const { scheduled, missing, lost, down, stored, degraded, inFlight } = terms;
  if (Math.min(scheduled, missing, lost, down, stored, degraded, inFlight) < 0) {
    fail(`${ledger.agentId}: a negative term in ${JSON.stringify(terms)}`);
  }
}

/** Everything that must be true when nothing is broken any more. */
export async function checkHealed(healed: Healed): Promise<HealedTally> {
  const { store, agentId, ledger, runs } = healed;
  const tally = { stored: 0, lostTicks: 0, lostSequences: 0, repaired: 0 };
  if (store.violations.length > 0) fail(store.violations.slice(0, 3).join('; '));
  for (const run of runs) {
    const epoch = ledger.epoch(run.epoch);
    // Of what is folded only sums are left; they are looked at below.
    if (epoch === undefined && run.epoch <= ledger.folded.through) continue;
    // Two machines may begin with one number: the second is fenced, and nothing that later runs
    // retain of it is taken.
    if (epoch?.nonce !== undefined && epoch.nonce !== run.nonce) continue;
    for (const sealed of run.sealed) await checkSequence(healed, run, epoch, sealed, tally);
    checkTicks(healed, run, epoch, tally);
    checkCarried(healed, run);
  }
  const terms = ledger.terms(healed.nowMs);
  const inStore = store.countOf(agentId);
  const refused = store.refusedCount(agentId);
  // What the store refused is told behind the record of the samples: a crash between may forget it.
  const forgotten = refused - terms.rejected;
  const isOff = terms.stored !== inStore + forgotten || forgotten < 0;
  if (isOff || forgotten > store.mayForget) {
    const counted = `${terms.stored} and ${terms.rejected} refused`;
    fail(`${agentId}: ${counted} counted, ${inStore} and ${refused} in store`);
  }
  if (terms.missing !== 0 || terms.inFlight !== 0) {
    fail(`${agentId}: not resolved after healing: ${JSON.stringify(terms)}`);
  }
  tally.stored = inStore;
  return tally;
}

async function checkSequence(
  { ring, agentId, store, current, ringHeldAll, wasDoubled }: Healed,
  run: RunTruth,
  epoch: EpochLedger | undefined,
  sealed: SealedTruth,
  tally: HealedTally,
): Promise<void> {
  const { stream, seq } = sealed;
  const name = `${agentId} ${run.epoch}/${stream}/${seq}`;
  const state = epoch?.lane(stream).stateOf(seq) ?? 'EXPECTED';
  const series = sealed.ticks.flatMap((tick) => keysOf(agentId, tick));
  const isHeld = async (): Promise<boolean> =>
    (await ring.read(run.epoch, stream, seq)) !== undefined;
  if (ringHeldAll && run === current && !(await isHeld())) fail(`${name} is not retained`);
  if (state === 'DURABLE' || state === 'REPAIRED') {
    if (state === 'REPAIRED') tally.repaired++;
    for (const key of series) {
      if (!store.samples.has(key) && !store.refused.has(key))
        fail(`${name} ${state}, lacks ${key}`);
    }
    return;
  }
  for (const key of series) {
    if (store.samples.get(key)?.epoch === run.epoch) fail(`${name} ${state}, has ${key}`);
  }
  if (state === 'LOST') tally.lostSequences++;
  // Numbers that nobody outside the dead process ever heard of are no gap.
  const unheardOf = state === 'EXPECTED' && run !== current;
  if (!FINAL.has(state) && !unheardOf) fail(`${name} is ${state} after healing`);
  if (wasDoubled) return;
  if (sealed.kind === 'BATCH' && (await isHeld())) {
    fail(`${name} is ${state}, but retained`);
  }
}

function checkTicks(
  healed: Healed,
  run: RunTruth,
  epoch: EpochLedger | undefined,
  tally: HealedTally,
): void {
  const { agentId, store, nowMs, ringHeldAll, mayOverlap } = healed;
  const lostWith = lostSequences(run, epoch);
  for (const truth of run.ticks.values()) {
    const group = groupOf(epoch, truth.part);
    const state =
      group === undefined || epoch === undefined
        ? 'UNKNOWN'
        : epoch.tickState(group, truth.tick, nowMs);
    const name = `${agentId} ${run.epoch} tick ${truth.tick} part ${truth.part}`;
    if (state === 'COVERED') {
      checkValues(healed, run, truth);
      continue;
    }
    const keys = keysOf(agentId, truth);
    if (keys.some((key) => store.samples.get(key)?.epoch === run.epoch)) {
      fail(`${name} is ${state}, but stored`);
    }
    tally.lostTicks++;
    // After the clock was set back, a tick may lie behind the start of the next run: it is that's.
    const isBeyond =
      group !== undefined && mayOverlap && truth.tick > lastTick(epoch, group, nowMs);
    if (isBeyond) continue;
    // That the run began before its number is told by its first batches alone, which are lost.
    const isUntold = group !== undefined && mayOverlap && truth.tick < group.firstTick;
    if (isUntold && truth.atMs < run.epoch) continue;
    if (state === 'MISSING') fail(`${name} is MISSING after healing`);
    const seq = lostWith.get(truth);
    if (state === 'DOWN' && seq !== undefined) fail(`${name} is DOWN, and ${seq} is LOST`);
    // What is booked as down must be the tail that a crash took before it was synced.
    const inTail = run.ringLost || truth.tick > run.lastSyncedTick;
    if (ringHeldAll && state !== 'LOST' && !inTail) fail(`${name} was synced, and is ${state}`);
  }
  if (epoch === undefined) return;
  for (const group of epoch.groups) checkNeverTaken(healed, run, epoch, group);
}

/**
 * Numbers of what is lost, by the ticks that it held. Of what a crash took before it was synced the
 * collector may know the number alone: what came while it was overloaded was not opened.
 */
function lostSequences(run: RunTruth, epoch: EpochLedger | undefined): Map<TickTruth, number> {
  const lost = new Map<TickTruth, number>();
  for (const { stream, seq, ticks } of run.sealed) {
    const reason = epoch?.lane(stream).lossReason(seq);
    if (reason === undefined || reason === 'CRASH') continue;
    for (const tick of ticks) lost.set(tick, seq);
  }
  return lost;
}

function lastTick(epoch: EpochLedger | undefined, group: GroupLedger, nowMs: number): number {
  return Math.max(group.knownTick, epoch?.gridEnd(group, nowMs).tick ?? 0);
}

/** Ticks that nobody took are nothing but down. */
function checkNeverTaken(
  { agentId, nowMs, mayOverlap }: Healed,
  run: RunTruth,
  epoch: EpochLedger,
  group: GroupLedger,
): void {
  if (group.group === EVENT_GROUP || epoch.groupTerms(group, nowMs).scheduled === 0) return;
  const taken = [...run.ticks.values()].find(({ part }) => part === group.part);
  // A part that began late has no ticks before; what it then counts of lost ones is a guess. So it
  // is with a run whose clock was set back before its HELLO.
  const isKnown = group.part === 0 && !mayOverlap;
  const began = isKnown ? group.firstTick : (taken?.tick ?? Infinity);
  const first = Math.max(group.firstTick, began);
  const end = epoch.gridEnd(group, nowMs).tick;
  for (let tick = first; tick <= end; tick++) {
    if (run.ticks.has(tickKey(tick, group.part))) continue;
    const state = epoch.tickState(group, tick, nowMs);
    // It was due when the process last sealed something, which ended before it came to it.
    const wasDue = tick * INTERVAL_MS <= run.sealedMs;
    if (state === 'LOST' && wasDue && run.ticks.has(tickKey(tick - 1, group.part))) continue;
    if (state !== 'DOWN') fail(`${agentId} ${run.epoch} tick ${tick} never was, and is ${state}`);
  }
}

function checkValues(
  { agentId, store, mayOverlap }: Healed,
  run: RunTruth,
  truth: TickTruth,
): void {
  for (const series of truth.present) {
    const key = `${agentId}/${series}/${truth.atMs}`;
    const found = store.samples.get(key);
    if (found === undefined && store.refused.has(key)) continue;
    if (mayOverlap && found !== undefined && found.epoch !== run.epoch) continue;
    const wanted = valueAt(run, series, truth.tick);
    if (found === undefined || !isSame(found.value, wanted)) {
      fail(`${key} is ${valueText(found?.value)}, wanted ${valueText(wanted)}`);
    }
  }
}

/** At every covered tick a series that was left out is within tolerance of what is carried. */
function checkCarried({ agentId, store, ledger, nowMs }: Healed, run: RunTruth): void {
  const epoch = ledger.epoch(run.epoch);
  if (epoch === undefined) return;
  const carried = new Map<number, Value>();
  const ticks = [...run.ticks.values()].sort((a, b) => a.part - b.part || a.tick - b.tick);
  for (const truth of ticks) {
    const group = groupOf(epoch, truth.part);
    if (group === undefined || epoch.tickState(group, truth.tick, nowMs) !== 'COVERED') {
      // What is lost may have been a change: nothing is carried over it.
      carried.clear();
      continue;
    }
    const wasSent = new Set(truth.present);
    const series = seriesOf(run, truth);
    for (const each of series) {
      const found = store.samples.get(`${agentId}/${each}/${truth.atMs}`);
      if (found?.epoch === run.epoch) carried.set(each, found.value);
      else if (wasSent.has(each)) carried.delete(each);
      const known = carried.get(each);
      if (known === undefined || truth.failedCount + truth.shedCount > 0) continue;
      const value = valueAt(run, each, truth.tick);
      if (isCarried(known, value)) continue;
      const told = `${valueText(known)} is carried, and it is ${valueText(value)}`;
      fail(`${agentId} series ${each} tick ${truth.tick}: ${told}`);
    }
  }
}

/** The series of a part: those that any of its ticks had, as far as the tick counts them. */
function seriesOf(run: RunTruth, { part, seriesCount }: TickTruth): number[] {
  return Array.from({ length: seriesCount }, (_, index) => part + index * run.parts);
}

function groupOf(epoch: EpochLedger | undefined, part: number): GroupLedger | undefined {
  return epoch?.groups.find((other) => other.group === LIVE_GROUP && other.part === part);
}

function keysOf(agentId: string, { present, atMs }: TickTruth): string[] {
  return present.map((series) => `${agentId}/${series}/${atMs}`);
}

function fail(message: string): never {
  throw new Error(message);
}
