import {
  decodeExemplar,
  decodeHistogram,
  decodeLabels,
  decodeMetadata,
  type LabelProblem,
  type RemoteWriteVisitor,
  walkWriteRequest,
} from '../../../formats/index.ts';
import type { Labels } from '../../../model/index.ts';
import {
  type Appender,
  NO_SERIES,
  type SampleBatch,
  type SeriesRef,
} from '../../../storage/api.ts';
import { type IdentityCache, UNKNOWN_ENTRY } from '../../identity/index.ts';
import { labelBoundProblem } from '../label-bounds.ts';
import type { Offences } from '../offences.ts';

export interface WriteTarget {
  readonly appender: Appender;
  readonly cache: IdentityCache;
  /** Looks every series up by its labels and renews what the cache says of it. */
  readonly renewCache: boolean;
  /** The time of exemplars that have none, in milliseconds. */
  readonly nowMs: number;
}

/**
 * Fills an appender from one remote write 1.0 message. A series with an invalid label set, or that
 * the series limit forbids, is left out and counted; everything else of the message goes in.
 */
export class WriteDecoder implements RemoteWriteVisitor {
  /** Samples and histograms met, left-out ones included. */
  received = 0;
  /** Numbers of the series that were left out, from 0 in order of the message. */
  readonly skippedSeries = new Set<number>();
  /** Numbers of the histograms that were left out though their series was not. */
  readonly skippedHistograms = new Set<number>();
  readonly #bytes: Uint8Array;
  readonly #appender: Appender;
  readonly #samples: SampleBatch;
  readonly #cache: IdentityCache;
  readonly #target: WriteTarget;
  readonly #offences: Offences;
  #ref: SeriesRef = NO_SERIES;
  #seriesNumber = -1;
  #histogramNumber = -1;
  #skipReason: 'invalid_labels' | 'series_limit' = 'invalid_labels';
  #lastTimestamp: number | undefined;

  constructor(bytes: Uint8Array, target: WriteTarget, offences: Offences) {
    this.#bytes = bytes;
    this.#target = target;
    this.#appender = target.appender;
    this.#samples = target.appender.samples;
    this.#cache = target.cache;
    this.#offences = offences;
  }

  /** @throws RemoteWriteError where the message is malformed; the appender is then of no use. */
  decode(): void {
    this.#cache.begin(this.#bytes);
    try {
      walkWriteRequest(this.#bytes, 0, this.#bytes.length, this);
    } finally {
      this.#cache.end();
    }
  }

  series(identityBytes: Uint8Array, start: number, end: number): void {
    this.#seriesNumber++;
    this.#lastTimestamp = undefined;
    if (identityBytes !== this.#bytes) {
      // A sender that scatters its labels: rare, and looked up by the labels themselves.
      this.#ref = this.#resolve(identityBytes, start, end);
      return;
    }
    const cache = this.#cache;
    const entry = cache.lookup(start, end);
    if (entry !== UNKNOWN_ENTRY && !this.#target.renewCache) {
      cache.touch(entry);
      this.#ref = cache.refs[entry] ?? NO_SERIES;
      return;
    }
    this.#ref = this.#resolve(identityBytes, start, end);
    if (this.#ref === NO_SERIES) return;
    if (entry === UNKNOWN_ENTRY) cache.insert(start, end, this.#ref);
    else cache.refs[entry] = this.#ref;
  }

  sample(valueOffset: number, timestamp: number): void {
    this.received++;
    if (this.#ref === NO_SERIES) {
      this.#offences.add(this.#skipReason, 1);
      return;
    }
    this.#lastTimestamp = timestamp;
    if (valueOffset < 0) {
      this.#samples.pushBits(this.#ref, timestamp, 0, 0);
      return;
    }
    // The value moves as bits: a staleness marker is a NaN that a number would not keep.
    const low = wordAt(this.#bytes, valueOffset);
    const high = wordAt(this.#bytes, valueOffset + 4);
    this.#samples.pushBits(this.#ref, timestamp, low, high);
  }

  histogram(start: number, end: number): void {
    this.received++;
    this.#histogramNumber++;
    if (this.#ref === NO_SERIES) {
      this.#offences.add(this.#skipReason, 1);
      return;
    }
    const { histogram, timestamp, isStale, problem } = decodeHistogram(this.#bytes, start, end);
    if (problem !== undefined) {
      this.skippedHistograms.add(this.#histogramNumber);
      this.#offences.add('invalid_histogram', 1);
      return;
    }
    this.#lastTimestamp = timestamp;
    this.#appender.addHistogram(this.#ref, timestamp, isStale ? undefined : histogram);
  }

  exemplar(start: number, end: number): void {
    if (this.#ref === NO_SERIES) return;
    const { exemplar, problem } = decodeExemplar(this.#bytes, start, end);
    if (problem !== undefined) return;
    const timestamp = exemplar.timestamp ?? this.#lastTimestamp ?? this.#target.nowMs;
    this.#appender.addExemplar(this.#ref, { ...exemplar, timestamp });
  }

  metadata(start: number, end: number): void {
    const { familyName, metadata } = decodeMetadata(this.#bytes, start, end);
    if (familyName !== '') this.#appender.setMetadata(familyName, metadata);
  }

  #resolve(identityBytes: Uint8Array, start: number, end: number): SeriesRef {
    const { labels, problem } = decodeLabels(identityBytes, start, end);
    if (problem !== undefined && isInvalid(problem)) {
      this.#skip('invalid_labels', labels, problem.message);
      return NO_SERIES;
    }
    const tooLarge = labelBoundProblem(labels);
    if (tooLarge !== undefined) {
      this.#skip('invalid_labels', labels, tooLarge);
      return NO_SERIES;
    }
    const ref = this.#appender.series(labels);
    if (ref === NO_SERIES) this.#skip('series_limit', labels, undefined);
    return ref;
  }

  #skip(
    reason: 'invalid_labels' | 'series_limit',
    labels: Labels,
    detail: string | undefined,
  ): void {
    this.skippedSeries.add(this.#seriesNumber);
    this.#skipReason = reason;
    const offender = { series: labels.toString(), timestamp: undefined, reason };
    this.#offences.name(detail === undefined ? offender : { ...offender, detail });
  }
}

/**
 * Labels out of order are sorted, and empty ones are no labels, as Prometheus's receiver has it;
 * everything else leaves no series to store under.
 */
function isInvalid({ kind }: LabelProblem): boolean {
  return kind !== 'unsorted' && kind !== 'empty_value';
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] ?? 0) |
      ((bytes[offset + 1] ?? 0) << 8) |
      ((bytes[offset + 2] ?? 0) << 16) |
      ((bytes[offset + 3] ?? 0) << 24)) >>>
    0
  );
}
