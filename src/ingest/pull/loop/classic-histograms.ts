import { type CumulativeBucket, toCustomBuckets } from '../../../formats/exposition/index.ts';
import {
  type Exemplar,
  type FloatHistogram,
  METRIC_NAME,
  type MetricType,
  parseFloatText,
} from '../../../model/index.ts';
import type { SampleSink, SeriesName } from './series-sink.ts';

interface ClassicSample {
  readonly name: SeriesName;
  readonly value: number;
  readonly timestamp: number;
  readonly exemplars: Exemplar[];
}

/** What has been met of one classic histogram. */
interface Group {
  readonly key: string;
  /** Of the native one that is made of it. */
  readonly pairs: readonly string[];
  readonly timestamp: number;
  readonly samples: ClassicSample[];
  readonly buckets: CumulativeBucket[];
  count: number | undefined;
  sum: number;
}

type Part = 'bucket' | 'count' | 'sum';

/**
 * Stands before a sink and makes native histograms with custom buckets of the classic ones of a
 * text: the samples of one, which follow each other, are held until another begins. One that
 * contradicts itself goes on as it came.
 */
export class ClassicHistograms implements SampleSink {
  readonly #sink: SampleSink;
  readonly #classicToo: boolean;
  #family = '';
  #type: MetricType = 'unknown';
  #group: Group | undefined;
  /** The sample just before is one of the group. */
  #inGroup = false;

  /** @param classicToo the classic samples go on beside what is made of them. */
  constructor(sink: SampleSink, classicToo: boolean) {
    this.#sink = sink;
    this.#classicToo = classicToo;
  }

  /** The family of the samples that follow. */
  family(name: string, type: MetricType): void {
    this.finish();
    this.#family = name;
    this.#type = type;
  }

  sample(name: SeriesName, value: number, timestamp: number): void {
    this.#inGroup = this.#type === 'histogram' && this.#hold(name, value, timestamp);
    if (this.#inGroup) return;
    this.finish();
    this.#sink.sample(name, value, timestamp);
  }

  histogram(name: SeriesName, histogram: FloatHistogram, timestamp: number): void {
    this.finish();
    this.#inGroup = false;
    this.#sink.histogram(name, histogram, timestamp);
  }

  exemplar(exemplar: Exemplar): void {
    const last = this.#inGroup ? this.#group?.samples.at(-1) : undefined;
    if (last === undefined) this.#sink.exemplar(exemplar);
    else last.exemplars.push(exemplar);
  }

  /** What is held goes on: nothing of it follows. */
  finish(): void {
    const group = this.#group;
    this.#group = undefined;
    this.#inGroup = false;
    if (group === undefined) return;
    const histogram = toCustomBuckets(group);
    if (histogram !== undefined) {
      const { key, pairs, timestamp } = group;
      this.#sink.histogram({ key, pairs: () => pairs }, histogram, timestamp);
      if (!this.#classicToo) {
        for (const { exemplars } of group.samples) this.#passExemplars(exemplars);
        return;
      }
    }
    for (const { name, value, timestamp, exemplars } of group.samples) {
      this.#sink.sample(name, value, timestamp);
      this.#passExemplars(exemplars);
    }
  }

  #passExemplars(exemplars: readonly Exemplar[]): void {
    for (const exemplar of exemplars) this.#sink.exemplar(exemplar);
  }

  /** Whether the sample is one of a classic histogram, and is held. */
  #hold(name: SeriesName, value: number, timestamp: number): boolean {
    const pairs = name.pairs();
    const part = this.#partOf(pairs);
    if (part === undefined) return false;
    let upperBound = NaN;
    const own: [string, string][] = [];
    for (let at = 0; at < pairs.length; at += 2) {
      const label = pairs[at]!;
      const text = pairs[at + 1]!;
      if (label === METRIC_NAME) own.push([label, this.#family]);
      else if (label === 'le' && part === 'bucket') upperBound = parseFloatText(text) ?? NaN;
      else own.push([label, text]);
    }
    if (part === 'bucket' && Number.isNaN(upperBound)) return false;
    own.sort(([a], [b]) => (a < b ? -1 : 1));
    const group = this.#groupOf(own.flat(), timestamp);
    group.samples.push({ name, value, timestamp, exemplars: [] });
    if (part === 'count') group.count = value;
    else if (part === 'sum') group.sum = value;
    else group.buckets.push({ upperBound, count: value });
    return true;
  }

  #partOf(pairs: readonly string[]): Part | undefined {
    const metric = pairs[pairs.indexOf(METRIC_NAME) + 1] ?? '';
    if (!metric.startsWith(this.#family)) return undefined;
    const suffix = metric.slice(this.#family.length);
    if (suffix === '_bucket') return 'bucket';
    if (suffix === '_count') return 'count';
    return suffix === '_sum' ? 'sum' : undefined;
  }

  #groupOf(pairs: readonly string[], timestamp: number): Group {
    const key = `histogram ${JSON.stringify(pairs)}`;
    if (this.#group?.key === key) return this.#group;
    this.finish();
    const group = { key, pairs, timestamp, samples: [], buckets: [], count: undefined, sum: 0 };
    this.#group = group;
    return group;
  }
}
