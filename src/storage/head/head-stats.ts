import { METRIC_NAME } from '../../model/index.ts';
import type { CardinalityStat, StorageStats } from '../api.ts';
import { Pacer } from '../pacer.ts';
import type { Head } from './head.ts';
import { eachTimeBounds } from './time-bounds.ts';

type HeadCounts = Omit<StorageStats, 'corruptionCount'>;
/** What only going through all series and label pairs can tell. */
type Walked = Omit<HeadCounts, 'seriesCount' | 'chunkCount' | 'sampleCount'>;

/** Series and label pairs that are gone through at once. */
const AT_ONCE_MOST = 100_000;
/** Of larger heads, what was found is good for so long. */
const FRESH_MS = 15_000;
/** Entries of each list that are kept. */
const KEPT_ENTRIES = 1000;

/**
 * Counts over the head. Those of a large one are gone through in slices, in the background, and
 * what was found last is told meanwhile; only the first time they are waited for.
 */
export class HeadStats {
  readonly #head: Head;
  #walked: Walked | undefined;
  #walkedAtMs = -Infinity;
  #walking = false;

  constructor(head: Head) {
    this.#head = head;
  }

  /** At most `limit` entries to a list. */
  read(limit: number): HeadCounts {
    const { series, chunkCount, sampleCount } = this.#head;
    const walked = this.#current(Math.max(limit, KEPT_ENTRIES));
    return {
      seriesCount: series.filledCount,
      chunkCount,
      sampleCount,
      ...walked,
      seriesByMetricName: walked.seriesByMetricName.slice(0, limit),
      valuesByLabelName: walked.valuesByLabelName.slice(0, limit),
      bytesByLabelName: walked.bytesByLabelName.slice(0, limit),
      seriesByLabelPair: walked.seriesByLabelPair.slice(0, limit),
    };
  }

  #current(limit: number): Walked {
    const pairCount = pairCountOf(this.#head);
    const isLarge = this.#head.series.size + pairCount > AT_ONCE_MOST && limit === KEPT_ENTRIES;
    if (!isLarge || this.#walked === undefined) {
      const steps = walk(this.#head, limit);
      for (;;) {
        const step = steps.next();
        if (step.done === true) return this.#keep(step.value);
      }
    }
    if (!this.#walking && performance.now() - this.#walkedAtMs > FRESH_MS) void this.#walkLater();
    return { ...this.#walked, labelPairCount: pairCount };
  }

  async #walkLater(): Promise<void> {
    this.#walking = true;
    const pacer = new Pacer();
    const steps = walk(this.#head, KEPT_ENTRIES);
    for (;;) {
      const step = steps.next();
      if (step.done === true) {
        this.#keep(step.value);
        break;
      }
      if (pacer.dueNow()) await pacer.pause();
    }
    this.#walking = false;
  }

  #keep(walked: Walked): Walked {
    this.#walked = walked;
    this.#walkedAtMs = performance.now();
    return walked;
  }
}

function pairCountOf(head: Head): number {
  // Of several shards each has its own; together that is an upper bound.
  return head.shards.reduce((sum, { index }) => sum + index.pairCount, 0);
}

function* walk(head: Head, limit: number): Generator<void, Walked> {
  const valuesByLabelName: CardinalityStat[] = [];
  const bytesByLabelName: CardinalityStat[] = [];
  const seriesByLabelPair = new Largest(limit);
  const seriesByMetricName = new Largest(limit);
  let labelPairCount = 0;
  for (const name of namesOf(head)) {
    const counts = countsByValue(head, name);
    let bytes = 0;
    for (const [value, count] of counts) {
      bytes += count * Buffer.byteLength(value);
      seriesByLabelPair.add(count, () => `${name}=${value}`);
      if (name === METRIC_NAME) seriesByMetricName.add(count, () => value);
    }
    labelPairCount += counts.size;
    valuesByLabelName.push({ name, value: counts.size });
    bytesByLabelName.push({ name, value: bytes });
    yield;
  }
  const { oldest, newest } = yield* eachTimeBounds(head);
  return {
    labelPairCount,
    minTime: oldest === Infinity ? undefined : oldest,
    maxTime: newest === -Infinity ? undefined : newest,
    seriesByMetricName: seriesByMetricName.stats(),
    valuesByLabelName: valuesByLabelName.sort(byValue).slice(0, limit),
    bytesByLabelName: bytesByLabelName.sort(byValue).slice(0, limit),
    seriesByLabelPair: seriesByLabelPair.stats(),
  };
}

function namesOf(head: Head): Set<string> {
  return new Set(head.shards.flatMap(({ index }) => index.reader.names()));
}

/** Series by value of a label, in all shards. */
function countsByValue(head: Head, name: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { index } of head.shards) {
    for (const value of index.reader.values(name)) {
      counts.set(value.text, (counts.get(value.text) ?? 0) + value.refs().length);
    }
  }
  return counts;
}

function byValue(a: CardinalityStat, b: CardinalityStat): number {
  return b.value - a.value;
}

/** Keeps the largest of many, so that names are made for few. */
class Largest {
  readonly #limit: number;
  #stats: CardinalityStat[] = [];
  #least = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(value: number, name: () => string): void {
    if (value <= this.#least) return;
    this.#stats.push({ name: name(), value });
    if (this.#stats.length < 2 * this.#limit + 16) return;
    this.#stats = this.stats();
    this.#least = this.#stats.at(-1)?.value ?? 0;
  }

  stats(): CardinalityStat[] {
    return this.#stats.toSorted(byValue).slice(0, this.#limit);
  }
}
