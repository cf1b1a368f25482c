import { addCounts } from './counts.ts';

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

const NAMES = Object.keys(noTerms()) as (keyof Terms)[];

/** Adds the terms of `other` to `sum`. */
export function addTerms(sum: Terms, other: Terms): void {
  addCounts(sum, other, NAMES);
}

/** Left side minus right side of the law: anything but 0 is a bug. */
export function imbalance(terms: Terms): number {
  const { stored, suppressed, shed, failed, rejected, missing, degraded, lost, down } = terms;
  const explained = stored + suppressed + shed + failed + rejected;
  return terms.scheduled - explained - missing - degraded - lost - down - terms.inFlight;
}
