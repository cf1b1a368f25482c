import type { Exemplar, FloatHistogram, MetricType } from '../../model/index.ts';
import { excerpt, METRIC_NAME } from '../../model/index.ts';
import { toCustomBuckets } from '../exposition/custom-buckets.ts';
import type { ExpositionFamily, ExpositionSample } from '../exposition/encode.ts';
import { WIRE_LENGTH, WireReader } from '../protobuf/wire-reader.ts';
import { ExpositionProtoError } from './errors.ts';
import {
  checkTime,
  readDouble,
  readExemplar,
  readFields,
  readLabelPair,
  readMessage,
  readText,
  wireFault,
} from './fields.ts';
import { formatGoFloat } from './go-float.ts';
import { type ProtoHistogram, readHistogram } from './histogram.ts';
import { TextBudget } from './text-budget.ts';

/** A native histogram of a family, named as the family. */
export interface NativeSample {
  /** name, value, … without the metric name. */
  readonly labelPairs: readonly string[];
  readonly histogram: FloatHistogram;
  /** Milliseconds; undefined: none was sent. */
  readonly timestamp: number | undefined;
  readonly exemplars: readonly Exemplar[];
}

/**
 * A family as text would have it, so that a client may change formats and keep its series: a
 * histogram's parts are samples of their own, the bounds spelt as Go's client library spells them.
 */
export interface ProtoFamily extends ExpositionFamily {
  /** Where its message begins in the body. */
  readonly offset: number;
  readonly nativeHistograms: readonly NativeSample[];
}

export interface DecodeFamiliesOptions {
  /** About what the families may take as text, in bytes: histograms repeat their labels there. */
  readonly maxTextBytes: number;
  /** Native and classic ones as they were sent, unless set. */
  readonly histograms?: HistogramForms;
  /** How bounds of buckets and quantiles are spelt; as Go's text has them, unless set. */
  readonly formatBound?: (bound: number) => string;
  /** A family may come in several parts; refused unless set. */
  readonly splitFamilies?: boolean;
}

/** What becomes of histograms. */
export interface HistogramForms {
  /** Native parts are read; else a histogram is the classic one that it is beside them. */
  readonly native: boolean;
  /** The classic form is given where there is a native one as well. */
  readonly classicToo: boolean;
  /** Classic ones become native ones with custom buckets, unless they contradict themselves. */
  readonly customBuckets: boolean;
}

const AS_SENT: HistogramForms = { native: true, classicToo: true, customBuckets: false };

// Fields of io.prometheus.client.MetricFamily and Metric.
const FAMILY_NAME = 1;
const FAMILY_HELP = 2;
const FAMILY_TYPE = 3;
const FAMILY_METRIC = 4;
const FAMILY_UNIT = 5;
const METRIC_LABEL = 1;
const METRIC_TIMESTAMP = 6;

/** By number of `io.prometheus.client.MetricType`, with the metric's field that has the value. */
const TYPES: readonly {
  readonly type: MetricType;
  readonly word: string;
  readonly field: number;
}[] = [
  { type: 'counter', word: 'counter', field: 3 },
  { type: 'gauge', word: 'gauge', field: 2 },
  { type: 'summary', word: 'summary', field: 4 },
  { type: 'unknown', word: 'untyped', field: 5 },
  { type: 'histogram', word: 'histogram', field: 7 },
  { type: 'gaugehistogram', word: 'histogram', field: 7 },
];

/**
 * Decodes an exposition body in protobuf: `io.prometheus.client.MetricFamily` messages, each after
 * its length as a varint. A histogram is classic, native or both; its +Inf bucket is made where it
 * was left out. Created timestamps are skipped, as unknown fields are.
 * @throws ExpositionProtoError where the body is no such thing, names or labels are not valid, or a
 *   family (unless such may come in parts), or a bucket of a histogram, comes twice. The order of
 *   metrics is not checked, nor whether a series repeats.
 */
export function decodeMetricFamilies(
  bytes: Uint8Array,
  options: DecodeFamiliesOptions,
): ProtoFamily[] {
  const reader = new WireReader(bytes, 0, bytes.length, wireFault);
  const budget = new TextBudget(options.maxTextBytes);
  const context = {
    budget,
    forms: options.histograms ?? AS_SENT,
    formatBound: options.formatBound ?? formatGoFloat,
  };
  const names = new Set<string>();
  const families: ProtoFamily[] = [];
  while (reader.position < bytes.length) {
    const offset = reader.position;
    const end = reader.lengthEnd();
    reader.limit = end;
    const family = readFamily(reader, context, offset);
    if (names.has(family.name) && options.splitFamilies !== true) {
      const problem = `family ${excerpt(family.name)} a second time`;
      throw new ExpositionProtoError(offset, problem, 'each family once');
    }
    names.add(family.name);
    families.push(family);
    reader.position = end;
    reader.limit = bytes.length;
  }
  return families;
}

/** Reads the message up to the reader's limit, twice: its metrics may come before its type. */
function readFamily(reader: WireReader, context: ReadContext, offset: number): ProtoFamily {
  const start = reader.position;
  let name = '';
  let help = '';
  let unit = '';
  let typeNumber = 0;
  readFields(reader, (key) => {
    if (key >>> 3 === FAMILY_NAME) name = readText(reader, key, 'family name');
    else if (key >>> 3 === FAMILY_HELP) help = readText(reader, key, 'help text');
    else if (key >>> 3 === FAMILY_UNIT) unit = readText(reader, key, 'unit');
    else if (key >>> 3 === FAMILY_TYPE) typeNumber = reader.uintField(key);
    else reader.skip(key);
  });
  if (name === '') throw new ExpositionProtoError(offset, 'a family without a name', 'a name');
  const type = TYPES[typeNumber];
  if (type === undefined) {
    const problem = `type ${typeNumber} of family ${excerpt(name)}`;
    throw new ExpositionProtoError(offset, problem, `one of 0 to ${TYPES.length - 1}`);
  }
  context.budget.takeSample(name.length + help.length + unit.length, offset);
  reader.position = start;
  const metrics = new MetricReader(reader, context, { name, ...type });
  readFields(reader, (key) => {
    if (key >>> 3 === FAMILY_METRIC) metrics.read(key);
    else reader.skip(key);
  });
  const { samples, nativeHistograms } = metrics;
  return { name, type: type.type, help, unit, samples, nativeHistograms, offset };
}

/** What all families are read with. */
interface ReadContext {
  readonly budget: TextBudget;
  readonly forms: HistogramForms;
  readonly formatBound: (bound: number) => string;
}

interface FamilyType {
  readonly name: string;
  readonly type: MetricType;
  readonly word: string;
  readonly field: number;
}

/** One metric's own part: what all its samples share. */
interface MetricHead {
  readonly offset: number;
  readonly labelPairs: readonly string[];
  /** Of its labels, written out. */
  readonly length: number;
  readonly timestamp: number | undefined;
}

class MetricReader {
  readonly samples: ExpositionSample[] = [];
  readonly nativeHistograms: NativeSample[] = [];
  readonly #reader: WireReader;
  readonly #budget: TextBudget;
  readonly #forms: HistogramForms;
  readonly #formatBound: (bound: number) => string;
  readonly #family: FamilyType;

  constructor(reader: WireReader, context: ReadContext, family: FamilyType) {
    this.#reader = reader;
    this.#budget = context.budget;
    this.#forms = context.forms;
    this.#formatBound = context.formatBound;
    this.#family = family;
  }

  /** Reads a metric, its value last, wherever that stands. */
  read(key: number): void {
    const reader = this.#reader;
    const offset = reader.position;
    const labelPairs: string[] = [];
    let timestamp: number | undefined;
    let valueKey = 0;
    let valueStart = 0;
    readMessage(reader, key, (field) => {
      if (field >>> 3 === METRIC_LABEL) readLabelPair(reader, field, labelPairs);
      else if (field >>> 3 === METRIC_TIMESTAMP) {
        timestamp = checkTime(reader.intField(field), offset);
      } else {
        if (field >>> 3 === this.#family.field) {
          valueKey = field;
          valueStart = reader.position;
        }
        reader.skip(field);
      }
    });
    if (valueKey === 0 || (valueKey & 7) !== WIRE_LENGTH) {
      throw this.#error(offset, 'without a value', `its ${this.#family.word} message`);
    }
    this.#checkLabels(labelPairs, offset);
    let length = 0;
    for (const text of labelPairs) length += text.length;
    const end = reader.position;
    reader.position = valueStart;
    this.#readValue(valueKey, { offset, labelPairs, length, timestamp });
    reader.position = end;
  }

  #readValue(key: number, head: MetricHead): void {
    switch (this.#family.type) {
      case 'summary':
        this.#readSummary(key, head);
        return;
      case 'histogram':
      case 'gaugehistogram':
        this.#readHistogram(key, head);
        return;
      default:
        this.#readNumber(key, head);
    }
  }

  /** Counter, gauge or untyped. */
  #readNumber(key: number, head: MetricHead): void {
    const reader = this.#reader;
    let value = 0;
    let exemplar: Exemplar | undefined;
    readMessage(reader, key, (field) => {
      if (field >>> 3 === 1) value = readDouble(reader, field);
      else if (field >>> 3 === 2 && this.#family.type === 'counter') {
        exemplar = readExemplar(reader, field);
      } else reader.skip(field);
    });
    this.#add(head, '', value, [], exemplar);
  }

  #readSummary(key: number, head: MetricHead): void {
    const reader = this.#reader;
    let count = 0;
    let sum = 0;
    const seen = new Set<number>();
    readMessage(reader, key, (field) => {
      if (field >>> 3 === 1) count = reader.uintField(field);
      else if (field >>> 3 === 2) sum = readDouble(reader, field);
      else if (field >>> 3 === 3) this.#readQuantile(field, head, seen);
      else reader.skip(field);
    });
    this.#add(head, '_sum', sum);
    this.#add(head, '_count', count);
  }

  #readQuantile(key: number, head: MetricHead, seen: Set<number>): void {
    const reader = this.#reader;
    let quantile = 0;
    let value = 0;
    readMessage(reader, key, (field) => {
      if (field >>> 3 === 1) quantile = readDouble(reader, field);
      else if (field >>> 3 === 2) value = readDouble(reader, field);
      else reader.skip(field);
    });
    if (seen.has(quantile)) {
      throw this.#error(head.offset, `with quantile ${quantile} twice`, 'each quantile once');
    }
    seen.add(quantile);
    this.#add(head, '', value, ['quantile', this.#formatBound(quantile)]);
  }

  #readHistogram(key: number, head: MetricHead): void {
    const isGauge = this.#family.type === 'gaugehistogram';
    const { native: readsNative, classicToo, customBuckets } = this.#forms;
    const context = { isGauge, budget: this.#budget, readsNative };
    const histogram = readHistogram(this.#reader, key, context);
    const { buckets, exemplars, count, sum } = histogram;
    let { native } = histogram;
    if (native === undefined && customBuckets) native = ofClassic(histogram, isGauge);
    if (native !== undefined) {
      this.#budget.takeSample(this.#family.name.length + head.length, head.offset);
      const { labelPairs, timestamp } = head;
      const isAlone = !classicToo && exemplars.length === 0;
      const shown = isAlone ? exemplarsOf(buckets ?? []) : exemplars;
      this.nativeHistograms.push({ labelPairs, histogram: native, timestamp, exemplars: shown });
      if (!classicToo) return;
    }
    if (buckets === undefined) return;
    this.#addBuckets(head, buckets);
    if (!buckets.some(({ upperBound }) => upperBound === Infinity)) {
      this.#add(head, '_bucket', count, ['le', '+Inf']);
    }
    this.#add(head, '_sum', sum);
    this.#add(head, '_count', count);
  }

  #addBuckets(head: MetricHead, buckets: NonNullable<ProtoHistogram['buckets']>): void {
    for (const { upperBound, count, exemplar } of buckets) {
      this.#add(head, '_bucket', count, ['le', this.#formatBound(upperBound)], exemplar);
    }
  }

  #add(
    head: MetricHead,
    suffix: string,
    value: number,
    part: readonly string[] = [],
    exemplar?: Exemplar,
  ): void {
    const name = this.#family.name + suffix;
    this.#budget.takeSample(name.length + head.length, head.offset);
    const labelPairs = part.length === 0 ? head.labelPairs : [...head.labelPairs, ...part];
    this.samples.push({ name, labelPairs, value, timestamp: head.timestamp, exemplar });
  }

  #checkLabels(labelPairs: readonly string[], offset: number): void {
    const names = new Set<string>([METRIC_NAME]);
    const { type } = this.#family;
    if (type === 'summary') names.add('quantile');
    if (type === 'histogram' || type === 'gaugehistogram') names.add('le');
    for (let index = 0; index < labelPairs.length; index += 2) {
      const name = labelPairs[index]!;
      if (names.has(name)) {
        const problem = `with label ${excerpt(name)}`;
        throw this.#error(offset, problem, 'each label name once, and none that the type gives');
      }
      names.add(name);
    }
  }

  #error(offset: number, problem: string, wanted: string): ExpositionProtoError {
    const metric = `a metric of family ${excerpt(this.#family.name)}`;
    return new ExpositionProtoError(offset, `${metric} ${problem}`, wanted);
  }
}

function ofClassic(
  { buckets = [], count, sum }: ProtoHistogram,
  isGauge: boolean,
): FloatHistogram | undefined {
  const custom = toCustomBuckets({ buckets, count, sum });
  return custom === undefined || !isGauge ? custom : { ...custom, counterReset: 'gauge' };
}

function exemplarsOf(buckets: NonNullable<ProtoHistogram['buckets']>): readonly Exemplar[] {
  return buckets.flatMap(({ exemplar }) => (exemplar === undefined ? [] : [exemplar]));
}
