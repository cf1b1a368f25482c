import { formatDuration } from '../../model/index.ts';
import type { RejectReason } from './metrics.ts';

/** Names of series in an answer are cut to that. */
const SHOWN_CHARACTERS = 200;

/** Offenders that an answer names; the rest are counted. */
const NAMED_OFFENDERS = 5;

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
  readonly #nowMs: number;

  /** @param nowMs the collector's clock, beside which a time out of bounds is shown. */
  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

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
    const lines = this.named.map((offender) => showOffender(offender, this.#nowMs));
    return `${[head, ...lines].join('\n')}\n`;
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

function showOffender(offender: Offender, nowMs: number): string {
  const { series, timestamp, reason, detail } = offender;
  const time = timestamp === undefined ? '' : ` at ${showTime(timestamp)}`;
  const bounds =
    reason === 'out_of_bounds' && timestamp !== undefined ? showBounds(timestamp, nowMs) : '';
  const shown = series.length > SHOWN_CHARACTERS ? `${series.slice(0, SHOWN_CHARACTERS)}…` : series;
  return `  ${shown}${time}: ${detail ?? WORDS[reason]}${bounds}`;
}

/** Mostly the sender's clock is wrong, or it writes its times in another unit. */
function showBounds(timestamp: number, nowMs: number): string {
  const clock = `this collector's clock, ${showTime(nowMs)}`;
  const seconds = Math.round(Math.abs(timestamp - nowMs) / 1000);
  // A duration of centuries says less than the times themselves.
  const distance = seconds < SECONDS_SHOWN_MAX ? formatDuration(seconds * 1000) : 'far';
  return timestamp > nowMs
    ? `, ${distance} ahead of ${clock}`
    : `, ${distance} behind ${clock}, and older than the store keeps`;
}

/** A hundred years. */
const SECONDS_SHOWN_MAX = 100 * 365 * 86_400;

function showTime(timestamp: number): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? `${timestamp} ms` : date.toISOString();
}
