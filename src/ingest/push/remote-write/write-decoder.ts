import {
  decodeExemplar,
  decodeHistogram,
  decodeLabels,
  decodeMetadata,
  type LabelProblem,
} from '../../../formats/index.ts';
import {
  type BodyRange,
  type KernelBody,
  KernelMemoryError,
  RangeKind,
} from '../../../kernel/index.ts';
import type { Labels } from '../../../model/index.ts';
import { type Appender, NO_SERIES, type SeriesRef } from '../../../storage/api.ts';
import { labelBoundProblem } from '../label-bounds.ts';
import { PushRefusedError } from '../errors.ts';
import type { Offences } from '../offences.ts';

type SkipReason = 'invalid_labels' | 'series_limit';

/** Of the series of one message, not known before: more that are wrong are no mistake. */
export const INVALID_SERIES_MAX = 100_000;

export interface WriteTarget {
  readonly appender: Appender;
  /** The time of exemplars that have none, in milliseconds. */
  readonly nowMs: number;
}

/**
 * Fills an appender from one remote write 1.0 message that the kernel has walked, or from all parts
 * of one in order. A series with an
 * invalid label set, or that the series limit forbids, is left out and counted; everything else of
 * the message goes in.
 */
export class WriteDecoder {
  /** Samples and histograms met, left-out ones included. */
  received = 0;
  /** Refs of all samples of the message, 0 where left out; undefined where none was. */
  sampleRefs: Uint32Array | undefined;
  /** Refs of the histograms that went in, in order. */
  readonly histogramRefs: SeriesRef[] = [];
  /** Numbers of the histograms that were left out with their series, from 0 in order. */
  readonly skippedHistograms = new Set<number>();
  /** Numbers of those that were left out though their series was not. */
  readonly invalidHistograms = new Set<number>();
  readonly #target: WriteTarget;
  readonly #offences: Offences;
  /** What the look-ups of the series that were not known came to, `NO_SERIES` where left out. */
  #resolved = new Uint32Array(0);
  /** Those that a limit forbids; all others that were left out have invalid labels. */
  readonly #overLimit = new Set<number>();
  #invalidCount = 0;
  #histogramCount = 0;
  #lastRef: SeriesRef = NO_SERIES;
  #lastTimestamp: number | undefined;
  /** Of each series with samples in the columns, the last one's time; made when it is asked for. */
  #lastTimes: Map<SeriesRef, number> | undefined;

  constructor(target: WriteTarget, offences: Offences) {
    this.#target = target;
    this.#offences = offences;
  }

  /**
   * @throws RemoteWriteError where the message is malformed, PushRefusedError where most of it is;
   * the appender is then of no use.
   */
  decode(body: KernelBody): void {
    const unknownCount = body.unknownCount;
    this.#resolved = new Uint32Array(unknownCount);
    this.#overLimit.clear();
    let skipped = false;
    for (let index = 0; index < unknownCount; index++) {
      skipped = this.#resolveUnknown(body, index) === NO_SERIES || skipped;
    }
    if (body.rangeCount > 0) this.#decodeRanges(body);
    this.received += body.columns().length;
    const { samples } = this.#target.appender;
    if (skipped || this.sampleRefs !== undefined) {
      const before = this.sampleRefs ?? samples.refs.subarray(0, samples.length);
      this.sampleRefs = joined(before, body.columns().refs);
      body.seal();
    }
    const columns = body.columns();
    samples.addColumns(columns, 0, columns.length);
    this.#resolved = new Uint32Array(0);
    this.#lastTimes = undefined;
  }

  #resolveUnknown(body: KernelBody, index: number): SeriesRef {
    const { start, end, sampleCount } = body.unknown(index);
    const ref = this.#resolve(body.bytes(), start, end, index);
    this.#resolved[index] = ref;
    if (ref === NO_SERIES) this.#offences.add(this.#skipReason(index), sampleCount);
    else remember(body, index, ref);
    return ref;
  }

  #resolve(bytes: Uint8Array, start: number, end: number, index: number): SeriesRef {
    const { labels, problem } = decodeLabels(bytes, start, end);
    if (problem !== undefined && isInvalid(problem)) return this.#refuse(labels, problem.message);
    const tooLarge = labelBoundProblem(labels);
    if (tooLarge !== undefined) return this.#refuse(labels, tooLarge);
    const ref = this.#target.appender.series(labels);
    if (ref !== NO_SERIES) return ref;
    this.#overLimit.add(index);
    if (this.#offences.wantsNames) {
      const series = labels.toString();
      this.#offences.name({ series, timestamp: undefined, reason: 'series_limit' });
    }
    return NO_SERIES;
  }

  /** Leaves out a series with invalid labels. @throws PushRefusedError where they are many */
  #refuse(labels: Labels, detail: string): typeof NO_SERIES {
    if (++this.#invalidCount > INVALID_SERIES_MAX) {
      const text = `more than ${INVALID_SERIES_MAX} series have invalid labels; nothing is stored`;
      throw new PushRefusedError(400, 'malformed', `${text}. The last one: ${detail}`);
    }
    if (this.#offences.wantsNames) {
      const series = labels.toString();
      this.#offences.name({ series, timestamp: undefined, reason: 'invalid_labels', detail });
    }
    return NO_SERIES;
  }

  #skipReason(unknown: number): SkipReason {
    return this.#overLimit.has(unknown) ? 'series_limit' : 'invalid_labels';
  }

  #decodeRanges(body: KernelBody): void {
    const count = body.rangeCount;
    const bytes = body.bytes();
    for (let index = 0; index < count; index++) {
      const range = body.range(index);
      if (range.kind === RangeKind.METADATA) this.#addMetadata(bytes, range);
      else if (range.kind === RangeKind.EXEMPLAR) this.#addExemplar(body, range);
      else this.#addHistogram(bytes, range, this.#histogramCount++);
    }
  }

  #addMetadata(bytes: Uint8Array, { start, end }: BodyRange): void {
    const { familyName, metadata } = decodeMetadata(bytes, start, end);
    if (familyName !== '') this.#target.appender.setMetadata(familyName, metadata);
  }

  #addHistogram(bytes: Uint8Array, range: BodyRange, number: number): void {
    this.received++;
    const ref = this.#refOf(range);
    if (ref === NO_SERIES) {
      this.skippedHistograms.add(number);
      this.#offences.add(this.#skipReason(range.unknown), 1);
      return;
    }
    const decoded = decodeHistogram(bytes, range.start, range.end);
    if (decoded.problem !== undefined) {
      this.invalidHistograms.add(number);
      this.#offences.add('invalid_histogram', 1);
      return;
    }
    const { histogram, timestamp, isStale } = decoded;
    this.#target.appender.addHistogram(ref, timestamp, isStale ? undefined : histogram);
    this.histogramRefs.push(ref);
    this.#lastRef = ref;
    this.#lastTimestamp = timestamp;
  }

  #addExemplar(body: KernelBody, range: BodyRange): void {
    const ref = this.#refOf(range);
    if (ref === NO_SERIES) return;
    const { exemplar, problem } = decodeExemplar(body.bytes(), range.start, range.end);
    if (problem !== undefined) return;
    const timestamp = exemplar.timestamp ?? this.#timeBeside(body, ref) ?? this.#target.nowMs;
    this.#target.appender.addExemplar(ref, { ...exemplar, timestamp });
  }

  /** Time of the last histogram or sample of a series: that of an exemplar without one. */
  #timeBeside(body: KernelBody, ref: SeriesRef): number | undefined {
    if (this.#lastRef === ref) return this.#lastTimestamp;
    this.#lastTimes ??= lastTimes(body);
    return this.#lastTimes.get(ref);
  }

  #refOf({ ref, unknown }: BodyRange): SeriesRef {
    return unknown < 0 ? ref : (this.#resolved[unknown] ?? NO_SERIES);
  }
}

function joined(first: Uint32Array, second: Uint32Array): Uint32Array {
  const both = new Uint32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Once for all exemplars of a message: looking for each through all samples takes for ever. */
function lastTimes(body: KernelBody): Map<SeriesRef, number> {
  const { refs, timestamps, length } = body.columns();
  const times = new Map<SeriesRef, number>();
  for (let index = 0; index < length; index++) times.set(refs[index]!, timestamps[index]!);
  return times;
}

/** In a full memory a name is not remembered, and is looked up again next time: no harm. */
function remember(body: KernelBody, index: number, ref: SeriesRef): void {
  try {
    body.resolve(index, ref);
  } catch (error) {
    if (!(error instanceof KernelMemoryError)) throw error;
  }
}

/**
 * Labels out of order are sorted, and empty ones are no labels, as Prometheus's receiver has it;
 * everything else leaves no series to store under.
 */
function isInvalid({ kind }: LabelProblem): boolean {
  return kind !== 'unsorted' && kind !== 'empty_value';
}
