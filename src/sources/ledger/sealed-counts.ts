/** Counts of sealed numbers by what became of them. */
export interface SealedCounts {
  sealed: number;
  durable: number;
  repaired: number;
  missing: number;
  degraded: number;
  rejected: number;
  lost: number;
}

export function noSealed(): SealedCounts {
  return { sealed: 0, durable: 0, repaired: 0, missing: 0, degraded: 0, rejected: 0, lost: 0 };
}

const NAMES = Object.keys(noSealed()) as (keyof SealedCounts)[];

/** Adds the counts of `other` to `sum`. */
export function addSealed(sum: SealedCounts, other: SealedCounts): void {
  for (const name of NAMES) sum[name] += other[name];
}
