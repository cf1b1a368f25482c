import { excerpt, Labels, METRIC_NAME } from '../../model/index.ts';
import { bufferOver, compareUtf8, isUtf8, utf8Text } from '../../util/index.ts';
import { WireReader } from '../protobuf/wire-reader.ts';
import { remoteWriteFault } from './errors.ts';
import { PlainLabels } from './plain-labels.ts';

// prometheus.Label (types.proto): 1 name, 2 value.
const KEY_LABEL = 0x0a;
const KEY_NAME = 0x0a;
const KEY_VALUE = 0x12;
const LABEL_FIELD_MAX = 2;

/** What remote write 1.0 forbids in a label set, worst first. */
export type LabelProblemKind =
  | 'invalid_utf8'
  | 'empty_name'
  | 'duplicate_name'
  | 'missing_metric_name'
  | 'unsorted'
  | 'empty_value';

export interface LabelProblem {
  readonly kind: LabelProblemKind;
  /** What was seen and what was wanted. */
  readonly message: string;
}

export interface DecodedLabels {
  /**
   * The label set in order, without empty values. Where the problem is one of the first three
   * kinds it does not say what was sent, and the series must be refused.
   */
  readonly labels: Labels;
  /** The worst problem, or undefined where the labels are as the protocol wants them. */
  readonly problem: LabelProblem | undefined;
}

/** Kinds by weight, the worst first. */
const WEIGHT: readonly LabelProblemKind[] = [
  'invalid_utf8',
  'empty_name',
  'duplicate_name',
  'missing_metric_name',
  'unsorted',
  'empty_value',
];

/**
 * Decodes the label fields that name a series, as `RemoteWriteVisitor.series` gives them. Call it
 * when a series is first seen, not per sample.
 * @throws RemoteWriteError where the bytes are no label fields.
 */
export function decodeLabels(bytes: Uint8Array, start: number, end: number): DecodedLabels {
  const pairs = PLAIN_LABELS.read(bytes, start, end);
  if (pairs !== undefined) return { labels: Labels.ofSorted(pairs), problem: undefined };
  const reader = new WireReader(bufferOver(bytes), start, end, remoteWriteFault);
  const checker = new LabelChecker();
  while (reader.position < end) {
    const key = reader.key();
    if (key !== KEY_LABEL) throw reader.error(`field key ${key} among the labels`);
    reader.limit = reader.lengthEnd();
    readLabel(reader, checker);
    reader.limit = end;
  }
  return checker.finish();
}

/** Remembers texts, of which it makes the same labels at any time. */
const PLAIN_LABELS = new PlainLabels();

/** Reads one `prometheus.Label`, which is all up to the reader's limit. */
function readLabel(reader: WireReader, checker: LabelChecker): void {
  const { bytes, limit } = reader;
  let nameStart = 0;
  let nameEnd = 0;
  let valueStart = 0;
  let valueEnd = 0;
  while (reader.position < limit) {
    const key = reader.key();
    if (key === KEY_NAME) {
      nameEnd = reader.lengthEnd();
      nameStart = reader.position;
      reader.position = nameEnd;
    } else if (key === KEY_VALUE) {
      valueEnd = reader.lengthEnd();
      valueStart = reader.position;
      reader.position = valueEnd;
    } else {
      reader.skipUnknown(key, LABEL_FIELD_MAX);
    }
  }
  const wellFormed = isUtf8(bytes, nameStart, nameEnd) && isUtf8(bytes, valueStart, valueEnd);
  const name = utf8Text(bytes, nameStart, nameEnd);
  checker.add(name, utf8Text(bytes, valueStart, valueEnd), wellFormed);
}

/** Reads one `prometheus.Label` that is `[reader.position, reader.limit)` into a pair. */
export function readLabelPair(reader: WireReader, pairs: string[]): boolean {
  const checker = new LabelChecker();
  readLabel(reader, checker);
  pairs.push(...checker.pairs);
  return checker.isWellFormed;
}

/** Collects labels and remembers the worst problem among them. */
class LabelChecker {
  readonly pairs: string[] = [];
  isWellFormed = true;
  #previous = '';
  #isSorted = true;
  #hasMetricName = false;
  #problem: LabelProblem | undefined;

  add(name: string, value: string, wellFormed: boolean): void {
    if (!wellFormed) {
      this.isWellFormed = false;
      const message = `label ${excerpt(name)} = ${excerpt(value)} is not UTF-8`;
      this.#note('invalid_utf8', message);
    }
    if (name === '') this.#note('empty_name', 'a label name is empty, wanted a name');
    if (value === '') this.#note('empty_value', `label ${excerpt(name)} is empty, wanted a value`);
    if (this.pairs.length > 0) this.#checkOrder(name);
    if (name === METRIC_NAME && value !== '') this.#hasMetricName = true;
    this.#previous = name;
    this.pairs.push(name, value);
  }

  finish(): DecodedLabels {
    if (!this.#isSorted) this.#findDuplicate();
    if (!this.#hasMetricName) {
      this.#note('missing_metric_name', `no metric name, wanted a label ${METRIC_NAME}`);
    }
    return { labels: Labels.fromPairs(this.pairs), problem: this.#problem };
  }

  #checkOrder(name: string): void {
    const order = compareUtf8(this.#previous, name);
    if (order < 0) return;
    if (order === 0) {
      this.#noteDuplicate(name);
      return;
    }
    this.#isSorted = false;
    const places = `label ${excerpt(name)} comes after ${excerpt(this.#previous)}`;
    this.#note('unsorted', `${places}, wanted names in the order of their bytes`);
  }

  /** Names out of order may repeat anywhere; in order only side by side. */
  #findDuplicate(): void {
    const seen = new Set<string>();
    for (let index = 0; index < this.pairs.length; index += 2) {
      const name = this.pairs[index]!;
      if (seen.has(name)) this.#noteDuplicate(name);
      seen.add(name);
    }
  }

  #noteDuplicate(name: string): void {
    this.#note('duplicate_name', `label ${excerpt(name)} is there twice, wanted each name once`);
  }

  #note(kind: LabelProblemKind, message: string): void {
    const known = this.#problem;
    if (known !== undefined && WEIGHT.indexOf(known.kind) <= WEIGHT.indexOf(kind)) return;
    this.#problem = { kind, message };
  }
}
