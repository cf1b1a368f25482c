import type { QueryAnswer, QueryFailure } from './protocol.ts';

export type QueryLimit = 'memory' | 'samples' | 'series' | 'time' | 'queue';

/** Counts of what became of queries. */
export interface QueryCounts {
  readonly answered: number;
  /** Failures by their code. */
  readonly failed: ReadonlyMap<string, number>;
  /** Queries that a limit ended, by which. */
  readonly limited: Readonly<Record<QueryLimit, number>>;
  readonly samplesRead: number;
  readonly seriesRead: number;
  /** Time spent evaluating, all threads together. */
  readonly evaluateMs: number;
}

/** Failures that are limits by themselves. */
const LIMITS_BY_FAILURE: ReadonlyMap<string, QueryLimit> = new Map([
  ['query_timeout', 'time'],
  ['query_queue_full', 'queue'],
]);

/** Counts answers and failures. */
export class QueryTally {
  readonly #failed = new Map<string, number>();
  readonly #limited = { memory: 0, samples: 0, series: 0, time: 0, queue: 0 };
  #answered = 0;
  #samplesRead = 0;
  #seriesRead = 0;
  #evaluateMs = 0;

  /** What has been counted so far; a copy. */
  counts(): QueryCounts {
    return {
      answered: this.#answered,
      failed: new Map(this.#failed),
      limited: { ...this.#limited },
      samplesRead: this.#samplesRead,
      seriesRead: this.#seriesRead,
      evaluateMs: this.#evaluateMs,
    };
  }

  countAnswer({ stats }: QueryAnswer): void {
    this.#answered++;
    this.#samplesRead += stats?.samplesRead ?? 0;
    this.#seriesRead += stats?.seriesRead ?? 0;
    this.#evaluateMs += stats?.evaluateMs ?? 0;
  }

  countFailure(failure: string, limit?: QueryFailure['limit']): void {
    this.#failed.set(failure, (this.#failed.get(failure) ?? 0) + 1);
    const reason = limit ?? LIMITS_BY_FAILURE.get(failure);
    if (reason !== undefined) this.#limited[reason]++;
  }
}
