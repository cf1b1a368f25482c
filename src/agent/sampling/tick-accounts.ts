import type { CoverageEntry, CoverageStatus, SkipReason } from '../../formats/tide/index.ts';

/** Samples since the start, as heartbeats tell them. */
export interface SampleTotals {
  scheduled: number;
  present: number;
  suppressed: number;
  shed: number;
  failed: number;
  /** Of those shed: changes that came too soon after another of their series. */
  dampened: number;
  /** Native histograms that were read and the collector does not take: in none of the above. */
  histogramsUnsent: number;
}

/** Nothing was sampled yet. */
export function noSamples(): SampleTotals {
  return {
    ...{ scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 },
    ...{ dampened: 0, histogramsUnsent: 0 },
  };
}

/** What becomes of one part's series at the tick being taken. */
export interface PartCounts {
  series: number;
  present: number;
  suppressed: number;
  dampened: number;
}

/** The ticks that counts speak of. */
export interface TickSpan {
  readonly group: number;
  readonly tickFrom: number;
  readonly tickTo: number;
  readonly reason: SkipReason;
  /** In force: 0 where only what stands still is left out. */
  readonly toleranceId: number;
}

/** Of a part that nothing is known of yet. */
export function emptyCounts(): PartCounts {
  return { series: 0, present: 0, suppressed: 0, dampened: 0 };
}

/** The account of ticks, one entry for each part; what it says is added to `totals`. */
export function accountOf(
  span: TickSpan,
  counts: readonly PartCounts[],
  totals: SampleTotals,
): CoverageEntry[] {
  const ticks = span.tickTo - span.tickFrom + 1;
  const entries = counts.map((part, index) => entryOf(span, part, [index, counts.length]));
  for (const entry of entries) {
    totals.scheduled += entry.seriesCount * ticks;
    totals.present += entry.presentCount;
    totals.suppressed += entry.suppressedCount;
    totals.shed += entry.shedCount;
    totals.failed += entry.failedCount;
  }
  for (const { dampened } of counts) totals.dampened += dampened;
  return entries;
}

function entryOf(
  { group, tickFrom, tickTo, reason: why, toleranceId }: TickSpan,
  { series, present, suppressed, dampened }: PartCounts,
  [part, parts]: readonly [number, number],
): CoverageEntry {
  const left = (series - present - suppressed - dampened) * (tickTo - tickFrom + 1);
  const isShed = why === 'SHED' || why === 'LIMIT';
  const reason = why === 'NONE' && dampened > 0 ? 'SHED' : why;
  const status = statusOf({ present, suppressed, left: left + dampened, reason });
  return {
    group,
    tickFrom,
    tickTo,
    part,
    parts,
    status,
    reason: status === 'FULL' ? 'NONE' : reason,
    toleranceId: status === 'ON_CHANGE' ? toleranceId : 0,
    seriesCount: series,
    presentCount: present,
    suppressedCount: suppressed,
    shedCount: dampened + (isShed ? left : 0),
    failedCount: isShed ? 0 : left,
  };
}

function statusOf(counts: {
  readonly present: number;
  readonly suppressed: number;
  readonly left: number;
  readonly reason: SkipReason;
}): CoverageStatus {
  const { present, suppressed, left, reason } = counts;
  if (suppressed > 0) return 'ON_CHANGE';
  if (present === 0 && reason !== 'NONE') return 'SKIPPED';
  return left > 0 ? 'PARTIAL' : 'FULL';
}
