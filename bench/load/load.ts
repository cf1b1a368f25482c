import type { SeriesShape } from './node-series.ts';
import { nodeSeries, SERIES_PER_NODE } from './node-series.ts';
import { seededRandom } from '../../src/util/index.ts';

/** A generated load: `seriesCount` series whose values move on at each `tick`. */
export class Load {
  readonly series: readonly SeriesShape[];
  /** The value of each series at the current tick. Read only. */
  readonly values: Float64Array;
  readonly #random: () => number;
  /** Observations so far of each histogram; its buckets are shares of it. */
  readonly #observations = new Map<number, number>();

  constructor(seriesCount: number, seed = 1) {
    this.#random = seededRandom(seed);
    const nodes = Math.ceil(seriesCount / SERIES_PER_NODE);
    this.series = Array.from({ length: nodes }, (_, node) => nodeSeries(node, this.#random))
      .flat()
      .slice(0, seriesCount);
    this.values = new Float64Array(this.series.length);
    for (const [index, series] of this.series.entries()) {
      this.values[index] = startValue(series, this.#random);
    }
  }

  /** Moves every value on by one interval. */
  tick(): void {
    const random = this.#random;
    for (const [index, series] of this.series.entries()) {
      this.values[index] = this.#next(series, this.values[index] ?? 0, random());
    }
  }

  #next(series: SeriesShape, value: number, draw: number): number {
    switch (series.movement) {
      case 'integer-counter':
        return value + Math.floor(draw * draw * 5000);
      case 'cpu-seconds':
        return Math.round((value + draw * 15) * 100) / 100;
      case 'gauge':
        return Math.max(0, Math.round(value * (0.95 + draw / 10)));
      case 'full-precision':
        return value + draw;
      case 'bucket':
        return this.#nextBucket(series, value, draw);
      default:
        return value;
    }
  }

  // The first bucket of a histogram draws its new observations; the others take their share of
  // the same total, so that buckets never contradict each other.
  #nextBucket(series: SeriesShape, value: number, draw: number): number {
    const { id, share } = series.histogram ?? { id: 0, share: 1 };
    if (share < 0.1) {
      this.#observations.set(id, (this.#observations.get(id) ?? 0) + Math.floor(draw * 200));
    }
    const total = this.#observations.get(id) ?? 0;
    return Math.max(value, Math.floor(total * share));
  }
}

function startValue(series: SeriesShape, random: () => number): number {
  switch (series.movement) {
    case 'bucket':
      return 0;
    case 'full-precision':
      return random() * 1000;
    case 'cpu-seconds':
      return Math.round(random() * 1e8) / 100;
    default:
      return Math.floor(random() * 1e6);
  }
}
