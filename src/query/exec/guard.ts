import type { Clock } from '../../util/index.ts';
import { QueryCanceledError, QueryLimitError, QueryTimeoutError } from './errors.ts';
import { MemoryMeter } from './memory.ts';
import type { StepCounts } from './step-counts.ts';

/** Bounds of one query's work. */
export interface GuardOptions {
  /** Most samples held in memory at once. */
  readonly maxSamples: number;
  /** Most bytes held at once; Infinity where not given. */
  readonly maxMemoryBytes?: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** When to give up, on the clock's monotonic time; Infinity for never. */
  readonly deadlineMs: number;
  /** Element 0 becomes other than 0 when the query is cancelled; shared with another thread. */
  readonly cancelFlag?: Int32Array | undefined;
}

/** Steps, samples or the like after which `tick` looks at the clock: well under a millisecond. */
const WORK_PER_CHECK = 16_384;

/** Counts what a query holds and has read, and stops it at its limits. */
export class QueryGuard {
  /** Samples that passed through selectors and windows, as Prometheus counts them. */
  queryableSamples = 0;
  /** Samples decoded from storage. */
  samplesRead = 0;
  seriesRead = 0;
  /** Set where `queryableSamples` is wanted by step. */
  stepCounts: StepCounts | undefined;
  /** Most samples held at once. */
  peakSamples = 0;
  /** What is held, in bytes. */
  readonly memory: MemoryMeter;
  #held = 0;
  #work = 0;
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.memory = new MemoryMeter(options.maxMemoryBytes ?? Infinity);
  }

  get heldSamples(): number {
    return this.#held;
  }

  /** @throws QueryTimeoutError, QueryCanceledError */
  check(): void {
    const { cancelFlag, clock, deadlineMs } = this.#options;
    if (cancelFlag !== undefined && Atomics.load(cancelFlag, 0) !== 0) {
      throw new QueryCanceledError();
    }
    if (clock.monotonic() > deadlineMs) throw new QueryTimeoutError();
  }

  /** Counts work done in a loop, and checks now and then. @throws as `check` */
  tick(work: number): void {
    this.#work += work;
    if (this.#work < WORK_PER_CHECK) return;
    this.#work = 0;
    this.check();
  }

  /** Counts `samples` more as held. @throws QueryLimitError */
  hold(samples: number): void {
    this.#held += samples;
    if (this.#held > this.peakSamples) this.peakSamples = this.#held;
    this.requireRoom(0);
  }

  /** Makes sure that `samples` more could be held, before anything is made that large. */
  requireRoom(samples: number): void {
    const { maxSamples } = this.#options;
    if (this.#held + samples <= maxSamples) return;
    throw new QueryLimitError(
      'samples',
      'query processing would load too many samples into memory in query execution: ' +
        `${this.#held + samples} at once, at most ${maxSamples} may be`,
    );
  }

  /** Sets the count to what is still held after intermediate results were dropped. */
  settle(held: number): void {
    this.#held = held;
  }
}
