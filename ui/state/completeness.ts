import type { Terms } from '../api/contract.ts';

interface TermRow {
  readonly term: keyof Terms;
  readonly title: string;
  readonly count: number;
  /** Something that was wanted, and is not here for no good reason. */
  readonly isBad: boolean;
}

const TITLES: Readonly<Record<keyof Terms, string>> = {
  scheduled: 'Wanted',
  stored: 'Stored',
  suppressed: 'Suppressed',
  shed: 'Shed',
  failed: 'Failed',
  rejected: 'Rejected',
  missing: 'Missing',
  degraded: 'Degraded',
  lost: 'Lost',
  down: 'Down',
  inFlight: 'In flight',
};
const ALWAYS: ReadonlySet<keyof Terms> = new Set(['scheduled', 'stored']);
const BAD: ReadonlySet<keyof Terms> = new Set(['shed', 'failed', 'rejected', 'lost']);

/** The terms in order of the sum, without those that are nothing. */
export function termRows(terms: Terms): TermRow[] {
  return (Object.keys(TITLES) as (keyof Terms)[])
    .map((term) => ({ term, title: TITLES[term], count: terms[term], isBad: BAD.has(term) }))
    .filter(({ term, count }) => count !== 0 || ALWAYS.has(term));
}

/** A share of 1 in percent; 100 % only where nothing is left out. */
export function formatShare(share: number): string {
  if (share >= 1) return '100 %';
  return `${(Math.floor(share * 1e5) / 1e3).toFixed(3)} %`;
}
