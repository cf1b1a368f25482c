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
import type { Offences } from '../offences.ts';

type SkipReason = 'invalid_labels' | 'series_limit';

/** What the look-up of one series of a message, not known before, came to. */
interface Resolution {
  readonly ref: SeriesRef;
  /** Why it has none; of no meaning otherwise. */
  readonly reason: SkipReason;
}

export interface WriteTarget {
  readonly appender: Appender;
  /** The time of exemplars that have none, in milliseconds. */
  readonly nowMs: number;
}

/**
 * Fills an appender from one remote write 1.0 message that the kernel has walked. A series with an
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
  #resolutions: Resolution[] = [];
  #lastRef: SeriesRef = NO_SERIES;
  #lastTimestamp: number | undefined;

  constructor(target: WriteTarget, offences: Offences) {
    this.#target = target;
    this.#offences = offences;
  }

  /** @throws RemoteWriteError where the message is malformed; the appender is then of no use. */
  decode(body: KernelBody): void {
    const unknownCount = body.unknownCount;
    let skipped = false;
    for (let index = 0; index < unknownCount; index++) {
      skipped = this.#resolveUnknown(body, index) === NO_SERIES || skipped;
    }
    if (body.rangeCount > 0) this.#decodeRanges(body);
    this.received += body.columns().length;
    if (skipped) {
      this.sampleRefs = body.columns().refs.slice();
      body.seal();
    }
    this.#target.appender.samples.setColumns(body.columns());
    this.#resolutions = [];
  }

  #resolveUnknown(body: KernelBody, index: number): SeriesRef {
    const { start, end, sampleCount } = body.unknown(index);
    const resolution = this.#resolve(body.bytes(), start, end);
    this.#resolutions.push(resolution);
    if (resolution.ref === NO_SERIES) this.#offences.add(resolution.reason, sampleCount);
    else remember(body, index, resolution.ref);
    return resolution.ref;
  }

  #resolve(bytes: Uint8Array, start: number, end: number): Resolution {
    const { labels, problem } = decodeLabels(bytes, start, end);
    if (problem !== undefined && isInvalid(problem)) {
      return this.#skip('invalid_labels', labels, problem.message);
    }
    const tooLarge = labelBoundProblem(labels);
    if (tooLarge !== undefined) return this.#skip('invalid_labels', labels, tooLarge);
    const ref = this.#target.appender.series(labels);
    if (ref === NO_SERIES) return this.#skip('series_limit', labels, undefined);
    return { ref, reason: 'series_limit' };
  }

  #skip(reason: SkipReason, labels: Labels, detail: string | undefined): Resolution {
    const offender = { series: labels.toString(), timestamp: undefined, reason };
    this.#offences.name(detail === undefined ? offender : { ...offender, detail });
    return { ref: NO_SERIES, reason };
  }

  #decodeRanges(body: KernelBody): void {
    const count = body.rangeCount;
    const bytes = body.bytes();
    let histogramNumber = 0;
    for (let index = 0; index < count; index++) {
      const range = body.range(index);
      if (range.kind === RangeKind.METADATA) this.#addMetadata(bytes, range);
      else if (range.kind === RangeKind.EXEMPLAR) this.#addExemplar(body, range);
      else this.#addHistogram(bytes, range, histogramNumber++);
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
      this.#offences.add(this.#resolutions[range.unknown]?.reason ?? 'invalid_labels', 1);
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
    const { refs, timestamps } = body.columns();
    const sample = refs.lastIndexOf(ref);
    return sample < 0 ? undefined : timestamps[sample];
  }

  #refOf({ ref, unknown }: BodyRange): SeriesRef {
    return unknown < 0 ? ref : (this.#resolutions[unknown]?.ref ?? NO_SERIES);
  }
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
