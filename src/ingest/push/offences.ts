import type { RejectReason } from './metrics.ts';

/** Names of series in an answer are cut to that. */
const SHOWN_CHARACTERS = 200;

/** Offenders that an answer names; the rest are counted. */
export const NAMED_OFFENDERS = 5;

/** One refused sample or series. */
export interface Offender {
  /** The series as PromQL writes it; an answer shows the beginning. */
  readonly series: string;
  /** Milliseconds; undefined where all samples of the series were refused. */
  readonly timestamp: number | undefined;
  readonly reason: RejectReason;
  /** What was wrong, in words; the reason's own words where it is not given. */
  readonly detail?: string;
}

/** Refused samples of one request: counts by reason, and the first few by name. */
export class Offences {
  readonly counts = new Map<RejectReason, number>();
  readonly named: Offender[] = [];

  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  add(reason: RejectReason, samples: number): void {
    if (samples > 0) this.counts.set(reason, (this.counts.get(reason) ?? 0) + samples);
  }

  get wantsNames(): boolean {
    return this.named.length < NAMED_OFFENDERS;
  }

  name(offender: Offender): void {
    if (this.wantsNames) this.named.push(offender);
  }

  /** The answer's text: what was refused of `received` samples, and why. */
  describe(received: number): string {
    const total = this.total;
    const reasons = [...this.counts].map(([reason, count]) => `${count} ${WORDS[reason]}`);
    const rest = received > total ? `; the other ${received - total} are stored` : '';
    const head = `${total} of ${received} samples were refused: ${reasons.join(', ')}${rest}`;
    return `${[head, ...this.named.map(showOffender)].join('\n')}\n`;
  }
}

const WORDS: Readonly<Record<RejectReason, string>> = {
  conflict: 'duplicate sample for timestamp with another value',
  out_of_order: 'out of order',
  out_of_bounds: 'out of bounds',
  unknown_series: 'of a series that was just dropped',
  series_limit: 'of new series beyond the series limit',
  invalid_labels: 'with invalid labels',
  invalid_histogram: 'with an invalid histogram',
};

function showOffender({ series, timestamp, reason, detail }: Offender): string {
  const time = timestamp === undefined ? '' : ` at ${showTime(timestamp)}`;
  const shown = series.length > SHOWN_CHARACTERS ? `${series.slice(0, SHOWN_CHARACTERS)}…` : series;
  return `  ${shown}${time}: ${detail ?? WORDS[reason]}`;
}

function showTime(timestamp: number): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? `${timestamp} ms` : date.toISOString();
}
