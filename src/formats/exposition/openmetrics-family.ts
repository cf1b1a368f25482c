import type { MetricType } from '../../model/index.ts';
import { parseFloatText } from '../../model/index.ts';
import type { ExpositionError } from './errors.ts';
import { HistogramGroup } from './histogram-group.ts';

/** A sample line as the family rules see it. */
export interface FamilySample {
  readonly name: string;
  /** Without the metric name. */
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** Milliseconds, NaN where the line has none. */
  readonly timestamp: number;
  /** Makes an error at this line. */
  readonly fault: (wanted: string) => ExpositionError;
}

/** What may follow the family's name in its samples' names, by type. */
const SUFFIXES: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  summary: ['', '_count', '_sum', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
};

const COUNTER_LIKE = new Set(['_total', '_bucket', '_count', '_gcount', '_sum']);
const NEVER_NAN = new Set([...COUNTER_LIKE, '_gsum']);
const INTEGERS = new Set(['_bucket', '_count', '_gcount']);

/**
 * One metric family of an OpenMetrics body: takes its metadata and samples in order and holds them
 * to the rules of OpenMetrics 1.0 that span lines.
 */
export class OpenMetricsFamily {
  readonly name: string;
  type: MetricType | undefined;
  unit: string | undefined;
  hasHelp = false;
  #last: FamilySample | undefined;
  #groupKey: string | undefined;
  readonly #closedGroups = new Set<string>();
  readonly #untimedSeries = new Set<string>();
  #histogram: HistogramGroup | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get hasSamples(): boolean {
    return this.#last !== undefined;
  }

  /** Every name that the family occupies: no other may have one of them. */
  get names(): string[] {
    const suffixes = SUFFIXES[this.type ?? 'unknown'];
    return [...new Set(['', ...suffixes])].map((suffix) => this.name + suffix);
  }

  /** Whether a sample of this name is one of the family's. */
  covers(sampleName: string): boolean {
    if (!sampleName.startsWith(this.name)) return false;
    return SUFFIXES[this.type ?? 'unknown'].includes(sampleName.slice(this.name.length));
  }

  add(sample: FamilySample): void {
    const suffix = sample.name.slice(this.name.length);
    this.#checkLabels(sample, suffix);
    this.#checkValue(sample, suffix);
    this.#enterGroup(sample);
    this.#last = sample;
    if (suffix === '_bucket') {
      const bound = parseFloatText(sample.labels.get('le') ?? '') ?? NaN;
      this.#histogram?.bucket(bound, sample.value, sample.fault);
    } else if (suffix !== '_created') {
      this.#histogram?.total(suffix, sample.value);
    }
  }

  /** Whether a sample named `sampleName` may carry an exemplar. */
  allowsExemplar(sampleName: string): boolean {
    const suffix = sampleName.slice(this.name.length);
    if (this.type === 'counter') return suffix === '_total';
    return (this.type === 'histogram' || this.type === 'gaugehistogram') && suffix === '_bucket';
  }

  /** Checks what can only be judged when the family is complete. */
  finish(fault: (wanted: string) => ExpositionError): void {
    this.#finishHistogram();
    const hasUnit = this.unit !== undefined && this.unit !== '';
    if (hasUnit && (this.type === 'info' || this.type === 'stateset')) {
      throw fault(`no unit for the ${this.type} ${this.name}`);
    }
  }

  #checkLabels({ labels, fault }: FamilySample, suffix: string): void {
    if (this.type === 'stateset' && !labels.has(this.name)) {
      throw fault(`a label ${this.name} with the state`);
    }
    if (this.type === 'summary' && suffix === '') {
      const quantile = parseFloatText(labels.get('quantile') ?? '') ?? NaN;
      if (!(quantile >= 0 && quantile <= 1)) throw fault('a label quantile from 0 to 1');
    }
    if (suffix === '_bucket' && !isBound(labels.get('le') ?? '')) {
      throw fault('a label le with a number or +Inf');
    }
  }

  #checkValue({ value, fault }: FamilySample, suffix: string): void {
    if (this.type === 'stateset' && value !== 0 && value !== 1) throw fault('a state of 0 or 1');
    if (this.type === 'info' && value !== 1) throw fault('the value 1 for an info');
    if (this.type === 'summary' && suffix === '' && value < 0) {
      throw fault('a quantile value of 0 or more');
    }
    if (NEVER_NAN.has(suffix) && value !== value) throw fault('a number, not NaN');
    if (COUNTER_LIKE.has(suffix) && value < 0) throw fault('a value of 0 or more');
    if (INTEGERS.has(suffix) && !Number.isInteger(value)) throw fault('a whole number');
  }

  /** Samples of one group (one metric of the family) stand together, in order of time. */
  #enterGroup(sample: FamilySample): void {
    const { timestamp, fault } = sample;
    const key = this.#keyOf(sample);
    const previous = this.#last;
    if (previous === undefined || key !== this.#groupKey) {
      if (this.#closedGroups.has(key)) throw fault('the samples of one metric together');
      if (this.#groupKey !== undefined) this.#closedGroups.add(this.#groupKey);
      this.#groupKey = key;
      this.#beginHistogram();
    } else {
      if (Number.isNaN(timestamp) !== Number.isNaN(previous.timestamp)) {
        throw fault('timestamps on all samples of a metric or on none');
      }
      if (timestamp < previous.timestamp && this.type !== 'info') {
        throw fault('timestamps that do not go back');
      }
      if (timestamp > previous.timestamp) this.#beginHistogram();
    }
    // Times closer than a millisecond look alike here, so only series without one are compared.
    if (!Number.isNaN(timestamp)) return;
    const series = `${sample.name}${labelKey(sample.labels, undefined)}`;
    if (this.#untimedSeries.has(series)) throw fault('each series once');
    this.#untimedSeries.add(series);
  }

  #keyOf({ name, labels }: FamilySample): string {
    if (this.type === 'info') return '';
    if (this.type === 'stateset') return labelKey(labels, this.name);
    if (this.type === 'summary' && name === this.name) return labelKey(labels, 'quantile');
    return labelKey(labels, name === `${this.name}_bucket` ? 'le' : undefined);
  }

  #beginHistogram(): void {
    this.#finishHistogram();
    const isHistogram = this.type === 'histogram' || this.type === 'gaugehistogram';
    this.#histogram = isHistogram ? new HistogramGroup() : undefined;
  }

  #finishHistogram(): void {
    const last = this.#last;
    if (last !== undefined) this.#histogram?.finish(last.fault);
    this.#histogram = undefined;
  }
}

/** A bucket's bound: any decimal number; infinity only as `+Inf`. */
function isBound(text: string): boolean {
  const bound = parseFloatText(text);
  if (bound === undefined || Number.isNaN(bound)) return false;
  return Number.isFinite(bound) || text === '+Inf';
}

/** Equal for equal label sets, whatever their order. */
function labelKey(labels: ReadonlyMap<string, string>, without: string | undefined): string {
  const entries = [...labels].filter(([name]) => name !== without);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}
