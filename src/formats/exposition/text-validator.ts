import type { MetricType } from '../../model/index.ts';
import { METRIC_NAME, parseFloatText } from '../../model/index.ts';
import { BACKSLASH, LETTER_N, QUOTE } from './characters.ts';
import { type ExpositionError, expositionError } from './errors.ts';
import { decodeIdentityPairs, unescapeText } from './identity.ts';
import { type ScanTextOptions, scanText, scanTextInSteps } from './text-scanner.ts';
import { isOutOfRange } from './value-range.ts';
import type { ExpositionVisitor } from './visitor.ts';

/**
 * Checks a body in text format 0.0.4 as the reference parser and the Pushgateway do, beyond what
 * `scanText` finds: a newline ends the last line (unless `options` say otherwise), only the escapes
 * of the format, one HELP and one TYPE for a family and the TYPE before its samples, `le` and
 * `quantile` present and numbers where the type asks for them, values that floats can hold, no
 * series twice (at one timestamp).
 * Families may interleave.
 * @throws ExpositionError for the first fault.
 */
export function validateText(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: ScanTextOptions = { requireFinalNewline: true },
): void {
  scanText(bytes, start, end, new TextValidator(bytes, start, end), options);
}

/**
 * As `validateText`, some `stepBytes` of whole lines with each step. A hundred thousand lines take
 * about a second, which is too long to keep others waiting.
 */
export function* validateTextInSteps(
  bytes: Uint8Array,
  start: number,
  end: number,
  stepBytes: number,
): Generator<undefined, void> {
  const validator = new TextValidator(bytes, start, end);
  yield* scanTextInSteps(bytes, start, end, validator, { requireFinalNewline: true }, stepBytes);
}

interface TextFamily {
  type: MetricType | undefined;
  hasHelp: boolean;
  hasSamples: boolean;
}

/** What may follow the family's name in its samples' names, where that is not nothing. */
const SUFFIXES: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  histogram: ['_bucket', '_count', '_sum'],
  summary: ['_count', '_sum'],
};

class TextValidator implements ExpositionVisitor {
  readonly #bytes: Uint8Array;
  readonly #range: { readonly start: number; readonly end: number };
  readonly #families = new Map<string, TextFamily>();
  readonly #series = new Set<string>();

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#range = { start, end };
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    const family = this.#family(unescapeText(this.#bytes, nameStart, nameEnd));
    if (family.type !== undefined || family.hasSamples) {
      throw this.#error('one TYPE line for a family, before its samples', nameStart);
    }
    family.type = type;
  }

  help(nameStart: number, nameEnd: number): void {
    const family = this.#family(unescapeText(this.#bytes, nameStart, nameEnd));
    if (family.hasHelp) throw this.#error('one HELP line for a family', nameStart);
    family.hasHelp = true;
  }

  sample(identityStart: number, identityEnd: number, value: number, timestamp: number): void {
    this.#checkEscapes(identityStart, identityEnd);
    if (isOutOfRange(this.#bytes, identityEnd, value)) {
      throw this.#error('a value that a float can hold', identityStart);
    }
    const { start } = this.#range;
    const pairs = decodeIdentityPairs(this.#bytes, identityStart, identityEnd, start);
    const labels = new Map<string, string>();
    for (let index = 0; index < pairs.length; index += 2)
      labels.set(pairs[index]!, pairs[index + 1]!);
    const name = labels.get(METRIC_NAME) ?? '';
    const { family, suffix } = this.#familyOfSample(name);
    family.hasSamples = true;
    if (family.type === 'summary' && suffix === '') {
      this.#checkNumber(labels, 'quantile', identityStart);
    } else if (family.type === 'histogram' && suffix === '_bucket') {
      this.#checkNumber(labels, 'le', identityStart);
    }
    const key = JSON.stringify([[...labels].sort(([a], [b]) => (a < b ? -1 : 1)), timestamp]);
    if (this.#series.has(key)) throw this.#error('each series once', identityStart);
    this.#series.add(key);
  }

  #family(name: string): TextFamily {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { type: undefined, hasHelp: false, hasSamples: false };
      this.#families.set(name, family);
    }
    return family;
  }

  /** The family of its own name, or the histogram or summary that the sample is a part of. */
  #familyOfSample(name: string): { family: TextFamily; suffix: string } {
    const own = this.#families.get(name);
    if (own !== undefined) return { family: own, suffix: '' };
    const suffix = /_(?:bucket|count|sum)$/.exec(name)?.[0] ?? '';
    const whole = this.#families.get(name.slice(0, name.length - suffix.length));
    if (whole?.type !== undefined && SUFFIXES[whole.type]?.includes(suffix) === true) {
      return { family: whole, suffix };
    }
    return { family: this.#family(name), suffix: '' };
  }

  #checkNumber(labels: ReadonlyMap<string, string>, name: string, offset: number): void {
    const value = labels.get(name);
    if (value === undefined || parseFloatText(value) === undefined) {
      throw this.#error(`a label ${name} with a number`, offset);
    }
  }

  /** Backslashes stand between quotes only, so that what follows one is its escape. */
  #checkEscapes(start: number, end: number): void {
    for (let position = start; position < end; position++) {
      if (this.#bytes[position] !== BACKSLASH) continue;
      const escaped = this.#bytes[++position];
      if (escaped !== BACKSLASH && escaped !== QUOTE && escaped !== LETTER_N) {
        throw this.#error(String.raw`one of the escapes \\, \" and \n`, position - 1);
      }
    }
  }

  #error(wanted: string, offset: number): ExpositionError {
    return expositionError(this.#bytes, this.#range, offset, wanted);
  }
}
