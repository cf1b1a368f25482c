import type { NativeExpositionVisitor } from '../../../formats/index.ts';
import type { Exemplar, FloatHistogram, MetricType } from '../../../model/index.ts';
import { NO_SERIES, type SeriesRef } from '../../../storage/api.ts';
import { latin1Text } from '../../../util/index.ts';
import { type ExpositionBody, finish } from '../exposition-body.ts';
import type { Offences } from '../offences.ts';
import {
  type DecodedExposition,
  type ExpositionTarget,
  refOfIdentity,
} from './exposition-target.ts';
import { MetadataCollector } from './metadata-collector.ts';

/** Fills an appender from an exposition body of any format, line by line. */
export class ExpositionDecoder implements NativeExpositionVisitor, DecodedExposition {
  received = 0;
  readonly skipped = new Set<number>();
  readonly #body: ExpositionBody;
  readonly #target: ExpositionTarget;
  readonly #offences: Offences;
  readonly #metadata: MetadataCollector;
  readonly #refs = new Map<string, SeriesRef>();
  #ref: SeriesRef = NO_SERIES;
  #timestamp = 0;

  constructor(body: ExpositionBody, target: ExpositionTarget, offences: Offences) {
    this.#body = body;
    this.#target = target;
    this.#offences = offences;
    this.#metadata = new MetadataCollector(body.format, body.bytes);
  }

  /**
   * @throws ExpositionError where the body is malformed, PushRefusedError where a label set is too
   *   large; the appender is then of no use.
   */
  decode(): void {
    finish(this.#body.scan(this));
    this.#metadata.appendTo(this.#target.appender);
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
    this.#metadata.type(nameStart, nameEnd, type);
  }

  help(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    this.#metadata.help(nameStart, nameEnd, textStart, textEnd);
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    this.#metadata.unit(nameStart, nameEnd, textStart, textEnd);
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
    const { bytes } = this.#body;
    const name = latin1Text(bytes, start, end);
    const known = this.#refs.get(name);
    if (known !== undefined) return known;
    const ref = refOfIdentity(this.#target, bytes, start, end);
    this.#refs.set(name, ref);
    return ref;
  }
}
