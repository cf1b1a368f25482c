import type { AgentLedger } from '../ledger/index.ts';
import {
  addSealed,
  imbalance,
  type LossReason,
  noSealed,
  type SealedCounts,
  type Terms,
} from '../ledger/index.ts';
import { addWindow, noWindow, type TickWindow } from './tick-window.ts';

/** Sealed numbers that are not here and not given up. */
export interface OpenGap {
  readonly epoch: number;
  readonly stream: number;
  readonly from: number;
  readonly to: number;
  /** Since when it is known to be missing; undefined for what is being asked for right now. */
  readonly sinceMs: number | undefined;
}

/** What the ledger of one agent says. */
export interface AgentCompleteness {
  /** Since the agent was first heard of. */
  readonly terms: Terms;
  readonly imbalance: number;
  /** (stored + suppressed) / scheduled: whether what was wanted is here; 1 where nothing was. */
  readonly intentRatio: number;
  /** durable / sealed: whether what was sent is here; 1 where nothing was. */
  readonly transportRatio: number;
  readonly sealed: SealedCounts;
  /** Frames that are lost, by why. */
  readonly lostFrames: Readonly<Partial<Record<LossReason, number>>>;
  /** Over the times asked for. */
  readonly window: TickWindow;
  readonly gaps: readonly OpenGap[];
  readonly completeThroughMs: number | undefined;
}

/** Gaps listed at most. */
const GAPS_MAX = 1000;

/** Reads an agent's ledger; `minTime` and `maxTime` are included. */
export function agentCompleteness(
  ledger: AgentLedger,
  range: { readonly minTime: number; readonly maxTime: number },
  nowMs: number,
): AgentCompleteness {
  const terms = ledger.terms(nowMs);
  const sealed = sealedCounts(ledger);
  return {
    terms,
    imbalance: imbalance(terms),
    intentRatio: ratio(terms.stored + terms.suppressed, terms.scheduled),
    transportRatio: ratio(sealed.durable, sealed.sealed),
    sealed,
    lostFrames: lostFrames(ledger),
    window: tickWindow(ledger, range, nowMs),
    gaps: openGaps(ledger),
    completeThroughMs: ledger.completeThroughMs(nowMs),
  };
}

/** What was scheduled between two times, both included, by what became of it. */
export function tickWindow(
  ledger: AgentLedger,
  range: { readonly minTime: number; readonly maxTime: number },
  nowMs: number,
): TickWindow {
  const window = noWindow();
  for (const epoch of ledger.epochs) addWindow(window, epoch, range, nowMs);
  return window;
}

export function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}

/** Samples that the agent has not sent, in all. */
export interface LossCounts {
  readonly failed: number;
  readonly shed: number;
}

/** Those of an agent; for less than all terms, which need a look at every hole. */
export function lossCounts(ledger: AgentLedger | undefined): LossCounts {
  let { failed, shed } = ledger?.folded.terms ?? { failed: 0, shed: 0 };
  for (const { groups } of ledger?.epochs ?? []) {
    for (const { sums } of groups) {
      failed += sums.failed;
      shed += sums.shed;
    }
  }
  return { failed, shed };
}

/** The sealed numbers of all epochs and lanes by their state. */
export function sealedCounts(ledger: AgentLedger): SealedCounts {
  const sum = noSealed();
  addSealed(sum, ledger.folded.sealed);
  for (const { lanes } of ledger.epochs) {
    for (const lane of lanes) addSealed(sum, lane.counts());
  }
  return sum;
}

/** Without those of epochs of which only sums are kept. */
function lostFrames(ledger: AgentLedger): Partial<Record<LossReason, number>> {
  const counts: Partial<Record<LossReason, number>> = {};
  for (const { lanes } of ledger.epochs) {
    for (const { lost } of lanes) {
      for (const [reason, { size }] of lost) {
        if (size > 0) counts[reason] = (counts[reason] ?? 0) + size;
      }
    }
  }
  return counts;
}

/** Sealed numbers of an agent that are not here and not given up. */
export function openGaps(ledger: AgentLedger): OpenGap[] {
  const gaps: OpenGap[] = [];
  // Fast path: nothing is missing, of almost every agent almost all of the time.
  if (ledger.missingCount === 0) return gaps;
  for (const { epoch, lanes } of ledger.epochs) {
    for (const [stream, lane] of lanes.entries()) {
      for (const { from, to, sinceMs } of lane.gaps()) {
        gaps.push({ epoch, stream, from, to, sinceMs });
      }
      for (const { from, to } of lane.requested.ranges()) {
        gaps.push({ epoch, stream, from, to, sinceMs: undefined });
      }
      if (gaps.length > GAPS_MAX) return gaps.slice(0, GAPS_MAX);
    }
  }
  return gaps;
}
