import type { EpochLedger } from '../ledger/epoch-ledger.ts';
import type { GridEnd, GroupLedger, TickState } from '../ledger/group-ledger.ts';
import type { LaneLedger } from '../ledger/lane-ledger.ts';
import type { LossReason } from '../ledger/loss-reason.ts';
import type { TickHole, TickRange } from '../ledger/tick-coverage.ts';

/**
 * Samples scheduled in a span of time, by what became of their ticks. Covered is what a stored
 * batch accounts for, whatever it says (stored, suppressed, shed, failed): the ledger keeps that
 * split for the whole life of an agent only.
 */
export interface TickWindow {
  scheduled: number;
  covered: number;
  missing: number;
  degraded: number;
  rejected: number;
  lost: number;
  down: number;
  /** Where ticks are not covered, in order of group; times of the first and the last. */
  readonly holes: TickGap[];
}

export interface TickGap {
  readonly epoch: number;
  readonly group: number;
  readonly minTime: number;
  readonly maxTime: number;
  readonly state: Exclude<TickState, 'COVERED'>;
  readonly samples: number;
  /** Why they are lost: of several reasons that of most frames; undefined for other states. */
  readonly reason: LossReason | undefined;
}

/** Holes listed at most. */
const HOLES_MAX = 1000;

export function noWindow(): TickWindow {
  return {
    ...{ scheduled: 0, covered: 0, missing: 0, degraded: 0, rejected: 0, lost: 0, down: 0 },
    holes: [],
  };
}

/** Adds what an epoch had scheduled between two times, both included. */
export function addWindow(
  window: TickWindow,
  epoch: EpochLedger,
  range: { readonly minTime: number; readonly maxTime: number },
  nowMs: number,
): void {
  for (const group of epoch.scheduledGroups) {
    const grid = epoch.grids.get(group.group);
    if (grid === undefined || grid.intervalMs === 0) continue;
    const { anchorMs, intervalMs } = grid;
    const gridEnd = epoch.gridEnd(group, nowMs);
    const end = Math.max(gridEnd.tick, group.knownTick);
    const from = Math.max(scheduledFrom(epoch, group), tickOf(range.minTime, anchorMs, intervalMs));
    const to = Math.min(end, Math.floor((range.maxTime - anchorMs) / intervalMs));
    if (from > to) continue;
    const scheduled = group.series.sum(from, to);
    window.scheduled += scheduled;
    let open = 0;
    for (const hole of holesOf(group, { from, to }, end, gridEnd)) {
      const samples = group.series.sum(hole.from, hole.to);
      const state = epoch.tickState(group, hole.from, nowMs);
      if (state === 'COVERED' || samples === 0) continue;
      open += samples;
      addState(window, state, samples);
      if (window.holes.length >= HOLES_MAX) continue;
      window.holes.push({
        epoch: epoch.epoch,
        group: group.group,
        minTime: anchorMs + hole.from * intervalMs,
        maxTime: anchorMs + hole.to * intervalMs,
        state,
        samples,
        reason: state === 'LOST' ? lossReason(epoch.lane(group.stream), hole) : undefined,
      });
    }
    window.covered += scheduled - open;
  }
}

function tickOf(time: number, anchorMs: number, intervalMs: number): number {
  return Math.ceil((time - anchorMs) / intervalMs);
}

/** A group whose first batch is stored, with all before it, began there: later than its epoch. */
function scheduledFrom(epoch: EpochLedger, group: GroupLedger): number {
  const { firstTick: covered } = group.coverage;
  const head = group.coverage.holes(group.firstTick)[0];
  if (covered === undefined || head === undefined || head.from > covered) return group.firstTick;
  const { durable } = epoch.lane(group.stream);
  return durable.covers(head.seqFrom, head.seqTo) ? covered : group.firstTick;
}

/** Parts of `from` to `to` that no batch covers, each in one state all through. */
function holesOf(
  group: GroupLedger,
  { from, to }: TickRange,
  end: number,
  gridEnd: GridEnd,
): TickHole[] {
  const seqs = { seqFrom: group.coverage.lastSeq + 1, seqTo: Infinity };
  const tail = Math.max(group.firstTick, (group.coverage.lastTick ?? -1) + 1);
  const parts = [
    ...group.coverage.holes(group.firstTick),
    ...group.stretches({ from: tail, to: end }, gridEnd).map((part) => ({ ...seqs, ...part })),
  ];
  return parts
    .map((hole) => ({ ...hole, from: Math.max(from, hole.from), to: Math.min(to, hole.to) }))
    .filter((hole) => hole.from <= hole.to);
}

function lossReason({ lost }: LaneLedger, { seqFrom, seqTo }: TickHole): LossReason | undefined {
  let most = 0;
  let found: LossReason | undefined;
  for (const [reason, set] of lost) {
    const count = set.countIn(seqFrom, seqTo);
    if (count <= most) continue;
    most = count;
    found = reason;
  }
  return found;
}

function addState(window: TickWindow, state: TickGap['state'], samples: number): void {
  if (state === 'MISSING') window.missing += samples;
  else if (state === 'DEGRADED') window.degraded += samples;
  else if (state === 'REJECTED') window.rejected += samples;
  else if (state === 'LOST') window.lost += samples;
  else window.down += samples;
}
