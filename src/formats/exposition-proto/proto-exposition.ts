import { excerpt, type FloatHistogram } from '../../model/index.ts';
import { encodeIdentity, escapeHelp, escapeText } from '../exposition/encode.ts';
import { decodeIdentity } from '../exposition/identity.ts';
import type { ExpositionVisitor } from '../exposition/visitor.ts';
import { type DecodeFamiliesOptions, decodeMetricFamilies, type ProtoFamily } from './decode.ts';
import { ExpositionProtoError } from './errors.ts';

/** A visitor of expositions that takes native histograms too. */
export interface NativeExpositionVisitor extends ExpositionVisitor {
  /** Times as in `sample`. Exemplars that follow at once are the histogram's. */
  nativeHistogram?(
    identityStart: number,
    identityEnd: number,
    histogram: FloatHistogram,
    timestamp: number,
  ): void;
}

/**
 * An exposition that came in protobuf, for visitors of text: the series, names and texts are
 * written out in `bytes` as text 0.0.4 writes them, into which the ranges point that a visitor
 * gets. For pushes, which are rare; it works with strings.
 */
export class ProtoExposition {
  readonly families: readonly ProtoFamily[];
  readonly bytes: Uint8Array;
  /** Where the pieces of `bytes` begin, in the order of `scan`, and where the last one ends. */
  readonly #offsets: readonly number[];

  /** @throws ExpositionProtoError as `decodeMetricFamilies` */
  constructor(body: Uint8Array, options: DecodeFamiliesOptions) {
    this.families = decodeMetricFamilies(body, options);
    const pieces = this.families.flatMap(piecesOf);
    const offsets = [0];
    let end = 0;
    for (const piece of pieces) offsets.push((end += Buffer.byteLength(piece)));
    this.bytes = Buffer.from(pieces.join(''));
    this.#offsets = offsets;
  }

  /** Visits each family: its type, help and unit, its samples, then its native histograms. */
  scan(visitor: NativeExpositionVisitor): void {
    const offsets = this.#offsets;
    let piece = 0;
    for (const { type, help, unit, samples, nativeHistograms } of this.families) {
      const nameStart = offsets[piece]!;
      const nameEnd = offsets[++piece]!;
      visitor.type?.(nameStart, nameEnd, type);
      const helpEnd = offsets[++piece]!;
      if (help !== '') visitor.help?.(nameStart, nameEnd, nameEnd, helpEnd);
      const unitEnd = offsets[++piece]!;
      if (unit !== '') visitor.unit?.(nameStart, nameEnd, helpEnd, unitEnd);
      for (const { value, timestamp, exemplar } of samples) {
        visitor.sample(offsets[piece]!, offsets[++piece]!, value, timestamp ?? NaN);
        if (exemplar !== undefined) visitor.exemplar?.(exemplar);
      }
      for (const { histogram, timestamp, exemplars } of nativeHistograms) {
        const start = offsets[piece]!;
        visitor.nativeHistogram?.(start, offsets[++piece]!, histogram, timestamp ?? NaN);
        for (const exemplar of exemplars) visitor.exemplar?.(exemplar);
      }
    }
  }

  /** @throws ExpositionProtoError where a series comes twice (at one time) */
  validate(): void {
    const seen = new Set<string>();
    let family = 0;
    const add = (start: number, end: number, timestamp: number): void => {
      const labels = decodeIdentity(this.bytes, start, end, 0);
      const key = `${timestamp} ${labels.key}`;
      if (seen.has(key)) {
        const offset = this.families[family - 1]?.offset ?? 0;
        const problem = `series ${excerpt(labels.toString(), 200)} a second time`;
        throw new ExpositionProtoError(offset, problem, 'each series once');
      }
      seen.add(key);
    };
    this.scan({
      type: () => void family++,
      sample: (start, end, _value, timestamp) => add(start, end, timestamp),
      nativeHistogram: (start, end, _histogram, timestamp) => add(start, end, timestamp),
    });
  }
}

/** What `scan` needs ranges of, in its order. */
function piecesOf({ name, help, unit, samples, nativeHistograms }: ProtoFamily): string[] {
  return [
    escapeText(name),
    escapeHelp(help),
    escapeHelp(unit),
    ...samples.map((sample) => encodeIdentity(sample.name, sample.labelPairs, 'allow-utf-8')),
    ...nativeHistograms.map(({ labelPairs }) => encodeIdentity(name, labelPairs, 'allow-utf-8')),
  ];
}
