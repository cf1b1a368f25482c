/**
 * The conservation law's terms, in samples:
 * scheduled = stored + suppressed + shed + failed + rejected + missing + degraded + lost + down +
 * in flight.
 */
export interface Terms {
  scheduled: number;
  stored: number;
  suppressed: number;
  shed: number;
  /** At the source. */
  failed: number;
  /** Refused by the store, or unreadable. */
  rejected: number;
  /** Not here, and not given up. */
  missing: number;
  degraded: number;
  lost: number;
  /** The process that should have taken them was not running. */
  down: number;
  /** Received, and not durable yet. */
  inFlight: number;
}

export function noTerms(): Terms {
  return {
    scheduled: 0,
    stored: 0,
    suppressed: 0,
    shed: 0,
    failed: 0,
    rejected: 0,
    missing: 0,
    degraded: 0,
    lost: 0,
    down: 0,
    inFlight: 0,
  };
}

/** Adds the terms of `other` to `sum`; a loop over names would take several times as long. */
export function addTerms(sum: Terms, other: Terms): void {
  sum.scheduled += other.scheduled;
  sum.stored += other.stored;
  sum.suppressed += other.suppressed;
  sum.shed += other.shed;
  sum.failed += other.failed;
  sum.rejected += other.rejected;
  sum.missing += other.missing;
  sum.degraded += other.degraded;
  sum.lost += other.lost;
  sum.down += other.down;
  sum.inFlight += other.inFlight;
}

/** Left side minus right side of the law: anything but 0 is a bug. */
export function imbalance(terms: Terms): number {
  const { stored, suppressed, shed, failed, rejected, missing, degraded, lost, down } = terms;
  const explained = stored + suppressed + shed + failed + rejected;
  return terms.scheduled - explained - missing - degraded - lost - down - terms.inFlight;
}
