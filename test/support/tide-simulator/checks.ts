import type { AgentRing } from '../../../src/agent/ring/agent-ring.ts';
import type { AgentLedger, EpochLedger, GroupLedger } from '../../../src/sources/index.ts';
import { imbalance } from '../../../src/sources/index.ts';
import type { SimulatedStore } from './simulated-collector.ts';
import {
  EVENT_GROUP,
  INTERVAL_MS,
  LIVE_GROUP,
  type RunTruth,
  type SealedTruth,
  type TickTruth,
  TOLERANCE,
  valueAt,
} from './truth.ts';

const FINAL = new Set(['DURABLE', 'REPAIRED', 'DEGRADED', 'LOST', 'REJECTED']);

export interface Healed {
  readonly agentId: string;
  readonly agent: number;
  readonly ledger: AgentLedger;
  readonly ring: AgentRing;
  readonly runs: readonly RunTruth[];
  readonly store: SimulatedStore;
  readonly nowMs: number;
  /** Nothing was evicted: losses can be told tick by tick. */
  readonly ringHeldAll: boolean;
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
    for (const sealed of run.sealed) await checkSequence(healed, run, epoch, sealed, tally);
    checkTicks(healed, run, epoch, tally);
    checkCarried(healed, run);
  }
  const terms = ledger.terms(healed.nowMs);
  let inStore = 0;
  for (const key of store.samples.keys()) if (key.startsWith(`${agentId}/`)) inStore++;
  if (terms.stored !== inStore) fail(`${agentId}: ${terms.stored} counted, ${inStore} in store`);
  if (terms.missing !== 0 || terms.inFlight !== 0) {
    fail(`${agentId}: not resolved after healing: ${JSON.stringify(terms)}`);
  }
  tally.stored = inStore;
  return tally;
}

async function checkSequence(
  { ledger, ring, agentId, store }: Healed,
  run: RunTruth,
  epoch: EpochLedger | undefined,
  sealed: SealedTruth,
  tally: HealedTally,
): Promise<void> {
  const { stream, seq } = sealed;
  const name = `${agentId} ${run.epoch}/${stream}/${seq}`;
  const state = epoch?.lane(stream).stateOf(seq) ?? 'EXPECTED';
  const series = sealed.ticks.flatMap((tick) => keysOf(agentId, tick));
  if (state === 'DURABLE' || state === 'REPAIRED') {
    if (state === 'REPAIRED') tally.repaired++;
    for (const key of series) if (!store.samples.has(key)) fail(`${name} ${state}, lacks ${key}`);
    return;
  }
  for (const key of series) if (store.samples.has(key)) fail(`${name} ${state}, has ${key}`);
  if (state === 'LOST') tally.lostSequences++;
  // Numbers that nobody outside the dead process ever heard of are no gap.
  const unheardOf = state === 'EXPECTED' && run.epoch < ledger.currentEpoch;
  if (!FINAL.has(state) && !unheardOf) fail(`${name} is ${state} after healing`);
  if ((await ring.read(run.epoch, stream, seq)) !== undefined && sealed.kind === 'BATCH') {
    fail(`${name} is ${state}, but retained`);
  }
}

function checkTicks(
  healed: Healed,
  run: RunTruth,
  epoch: EpochLedger | undefined,
  tally: HealedTally,
): void {
  const { agentId, store, nowMs, ringHeldAll } = healed;
  const group = groupOf(epoch, LIVE_GROUP);
  const stored = (truth: TickTruth): boolean =>
    keysOf(agentId, truth).some((key) => store.samples.has(key));
  for (const truth of run.ticks.values()) {
    const state =
      group === undefined || epoch === undefined
        ? 'UNKNOWN'
        : epoch.tickState(group, truth.tick, nowMs);
    const name = `${agentId} ${run.epoch} tick ${truth.tick}`;
    if (state === 'COVERED') {
      checkValues(healed, truth);
      continue;
    }
    if (stored(truth)) fail(`${name} is ${state}, but stored`);
    tally.lostTicks++;
    if (state === 'MISSING') fail(`${name} is MISSING after healing`);
    // What is booked as down must be the tail that a crash took before it was synced.
    const inTail = truth.tick > run.lastSyncedTick;
    if (ringHeldAll && state !== 'LOST' && !inTail) fail(`${name} was synced, and is ${state}`);
  }
  if (group === undefined || epoch === undefined || !ringHeldAll) return;
  const end = epoch.gridEnd(group, nowMs).tick;
  for (let tick = group.firstTick; tick <= end; tick++) {
    if (run.ticks.has(tick)) continue;
    const state = epoch.tickState(group, tick, nowMs);
    if (state !== 'DOWN' && epoch.groupTerms(group, nowMs).scheduled > 0) {
      fail(`${agentId} ${run.epoch} tick ${tick} never was, and is ${state}`);
    }
  }
}

function checkValues({ agentId, agent, store }: Healed, truth: TickTruth): void {
  for (const series of truth.present) {
    const key = `${agentId}/${series}/${truth.atMs}`;
    const value = store.samples.get(key);
    const wanted = valueAt(agent, series, truth.tick);
    if (value !== wanted) fail(`${key} is ${value}, wanted ${wanted}`);
  }
}

/** At every covered tick a series that was left out is within tolerance of what is carried. */
function checkCarried({ agentId, agent, store, ledger, nowMs }: Healed, run: RunTruth): void {
  const epoch = ledger.epoch(run.epoch);
  const group = groupOf(epoch, LIVE_GROUP);
  if (epoch === undefined || group === undefined) return;
  const carried = new Map<number, number>();
  for (const truth of run.ticks.values()) {
    if (epoch.tickState(group, truth.tick, nowMs) !== 'COVERED') {
      // What is lost may have been a change: nothing is carried over it.
      carried.clear();
      continue;
    }
    for (let series = 0; series < truth.seriesCount; series++) {
      const value = store.samples.get(`${agentId}/${series}/${truth.tick * INTERVAL_MS}`);
      if (value !== undefined) carried.set(series, value);
      const known = carried.get(series);
      if (known === undefined || truth.failedCount + truth.shedCount > 0) continue;
      const off = Math.abs(known - valueAt(agent, series, truth.tick));
      if (off > TOLERANCE) fail(`${agentId} series ${series} tick ${truth.tick} is off by ${off}`);
    }
  }
}

function groupOf(epoch: EpochLedger | undefined, group: number): GroupLedger | undefined {
  return epoch?.groups.find((other) => other.group === group && group !== EVENT_GROUP);
}

function keysOf(agentId: string, { present, atMs }: TickTruth): string[] {
  return present.map((series) => `${agentId}/${series}/${atMs}`);
}

function fail(message: string): never {
  throw new Error(message);
}
