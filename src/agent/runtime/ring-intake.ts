import type { BatchColumns, RingFill } from '../../formats/tide/index.ts';
import type { Labels } from '../../model/index.ts';
import type { SeriesDescription, SeriesTable } from '../sampling/series-table.ts';
import type { Sealer } from '../sampling/sealer.ts';
import type { EventLane } from './event-lane.ts';
import { EVENT_GROUP } from './group-policy.ts';
import type { RingUpkeep } from './ring-upkeep.ts';

/** Above this part of its room nothing is taken that would drive out what is not safe yet. */
const FILL_MAX = 0.9;

export interface RingIntakeOptions {
  readonly table: SeriesTable;
  readonly sealer: Sealer;
  readonly events: EventLane;
  readonly upkeep: RingUpkeep;
  fill(): RingFill;
  /** Whether what leaves the ring next is something that the collector may not have. */
  isNextUnsafe(): boolean;
  /** Whether the collector takes native histograms, as far as is known. */
  takesHistograms(): boolean;
}

/** Where samples that others push go: named, sealed as events, and kept in the ring. */
export class RingIntake {
  readonly #options: RingIntakeOptions;

  constructor(options: RingIntakeOptions) {
    this.#options = options;
  }

  /** Whether taking more would cost samples that the collector does not have. */
  get isFull(): boolean {
    const { usedBytes, limitBytes } = this.#options.fill();
    return usedBytes > FILL_MAX * limitBytes && this.#options.isNextUnsafe();
  }

  get takesHistograms(): boolean {
    return this.#options.takesHistograms();
  }

  /**
   * Names a series that has no id yet.
   * @throws UncarriedSeriesError where no session can carry its labels.
   */
  name(labels: Labels, description: SeriesDescription): number {
    return this.#options.table.add(EVENT_GROUP, labels, () => description);
  }

  /** Whether the id still stands for a series. */
  isKnown(id: number): boolean {
    return this.#options.table.get(id) !== undefined;
  }

  /** The series will not come again under this id. Nothing of it may be in the ring any more. */
  end(id: number): void {
    this.#options.table.end(id);
  }

  /** Time from which on all that was sealed is in the ring; 0 while it is empty. */
  get oldestMs(): number {
    return this.#options.fill().oldestMs;
  }

  /** Seals samples: in the order of series, times ascending in each. */
  seal(columns: BatchColumns): void {
    this.#options.events.sealColumns(columns);
  }

  /** Resolves when all that was sealed is in the ring, on its disk where it has one. */
  kept(): Promise<void> {
    return this.#options.upkeep.kept();
  }
}
