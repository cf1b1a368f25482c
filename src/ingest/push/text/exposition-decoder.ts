import {
  decodeIdentity,
  type NativeExpositionVisitor,
  unescapeHelp,
} from '../../../formats/index.ts';
import type { Exemplar, FloatHistogram, Metadata, MetricType } from '../../../model/index.ts';
import { Labels } from '../../../model/index.ts';
import { type Appender, NO_SERIES, type SeriesRef } from '../../../storage/api.ts';
import { type IdentityCache, UNKNOWN_ENTRY } from '../../identity/index.ts';
import type { ExpositionBody } from '../exposition-body.ts';
import { refuseTooLarge } from '../label-bounds.ts';
import type { Offences } from '../offences.ts';

export interface ExpositionTarget {
  readonly appender: Appender;
  /** For bodies with the same label parameters only. */
  readonly cache: IdentityCache;
  /** Looks every series up by its labels and renews what the cache says of it. */
  readonly renewCache: boolean;
  /** Labels that overwrite those in the body: name, value, …. */
  readonly labelPairs: readonly string[];
  /** The time of samples that have none, in milliseconds. */
  readonly timestamp: number;
}

/** Fills an appender from an exposition body. */
export class ExpositionDecoder implements NativeExpositionVisitor {
  /** Samples and native histograms met. */
  received = 0;
  /** Numbers of those left out for the series limit, from 0 in order of the body. */
  readonly skipped = new Set<number>();
  readonly #body: ExpositionBody;
  readonly #target: ExpositionTarget;
  readonly #offences: Offences;
  readonly #metadata = new Map<string, { -readonly [K in keyof Metadata]: Metadata[K] }>();
  #ref: SeriesRef = NO_SERIES;
  #timestamp = 0;

  constructor(body: ExpositionBody, target: ExpositionTarget, offences: Offences) {
    this.#body = body;
    this.#target = target;
    this.#offences = offences;
  }

  /**
   * @throws ExpositionError where the body is malformed, PushRefusedError where a label set is too
   *   large; the appender is then of no use.
   */
  decode(): void {
    const { cache, appender } = this.#target;
    cache.begin(this.#body.bytes);
    try {
      this.#body.scan(this);
    } finally {
      cache.end();
    }
    for (const [family, metadata] of this.#metadata) appender.setMetadata(family, metadata);
  }

  sample(identityStart: number, identityEnd: number, value: number, timestamp: number): void {
    if (!this.#begin(identityStart, identityEnd, timestamp)) return;
    this.#target.appender.samples.push(this.#ref, this.#timestamp, value);
  }

  nativeHistogram(
    identityStart: number,
    identityEnd: number,
    histogram: FloatHistogram,
    timestamp: number,
  ): void {
    if (!this.#begin(identityStart, identityEnd, timestamp)) return;
    this.#target.appender.addHistogram(this.#ref, this.#timestamp, histogram);
  }

  exemplar(exemplar: Exemplar): void {
    if (this.#ref === NO_SERIES) return;
    const timestamp = exemplar.timestamp ?? this.#timestamp;
    this.#target.appender.addExemplar(this.#ref, { ...exemplar, timestamp });
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    this.#metadataOf(nameStart, nameEnd).type = type;
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const text = unescapeHelp(this.#body.bytes, textStart, textEnd, this.#body.format);
    this.#metadataOf(nameStart, nameEnd).help = text;
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const text = unescapeHelp(this.#body.bytes, textStart, textEnd, this.#body.format);
    this.#metadataOf(nameStart, nameEnd).unit = text;
  }

  /** Finds the series of the next sample, and its time; false where a limit forbids it. */
  #begin(identityStart: number, identityEnd: number, timestamp: number): boolean {
    const number = this.received++;
    this.#ref = this.#refOf(identityStart, identityEnd);
    if (this.#ref === NO_SERIES) {
      this.skipped.add(number);
      this.#offences.add('series_limit', 1);
      return false;
    }
    this.#timestamp = Number.isNaN(timestamp) ? this.#target.timestamp : timestamp;
    return true;
  }

  #refOf(start: number, end: number): SeriesRef {
    const { cache, appender, labelPairs, renewCache } = this.#target;
    const entry = cache.lookup(start, end);
    if (entry !== UNKNOWN_ENTRY && !renewCache) {
      cache.touch(entry);
      return cache.refs[entry] ?? NO_SERIES;
    }
    const own = decodeIdentity(this.#body.bytes, start, end, 0);
    const labels = labelPairs.length === 0 ? own : Labels.fromPairs([...own.pairs, ...labelPairs]);
    refuseTooLarge(labels);
    const ref = appender.series(labels);
    if (ref === NO_SERIES) return ref;
    if (entry === UNKNOWN_ENTRY) cache.insert(start, end, ref);
    else cache.refs[entry] = ref;
    return ref;
  }

  #metadataOf(nameStart: number, nameEnd: number) {
    const name = unescapeHelp(this.#body.bytes, nameStart, nameEnd, 'openmetrics');
    let metadata = this.#metadata.get(name);
    if (metadata === undefined) {
      metadata = { type: 'unknown', help: '', unit: '' };
      this.#metadata.set(name, metadata);
    }
    return metadata;
  }
}
