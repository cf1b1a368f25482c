import type { MetricType } from '../../model/index.ts';
import { METRIC_NAME } from '../../model/index.ts';
import { type ExpositionError, expositionError } from './errors.ts';
import { decodeIdentityPairs, unescapeText } from './identity.ts';
import { OpenMetricsFamily } from './openmetrics-family.ts';
import { scanOpenMetrics, scanOpenMetricsInSteps } from './openmetrics-scanner.ts';
import { isOutOfRange } from './value-range.ts';
import type { ExpositionVisitor } from './visitor.ts';

/**
 * Checks an OpenMetrics body against the whole of OpenMetrics 1.0, also what spans lines: families
 * together, metadata first and once, suffixes, labels and values that the types ask for, complete
 * histograms, order of time, exemplars only where they may be. For push endpoints and checks; a
 * scrape is scanned alone. Works with strings, at some microseconds per sample.
 * @throws ExpositionError for the first fault.
 */
export function validateOpenMetrics(bytes: Uint8Array, start: number, end: number): void {
  const validator = new OpenMetricsValidator(bytes, start, end);
  scanOpenMetrics(bytes, start, end, validator);
  validator.finish();
}

/** As `validateOpenMetrics`, some `stepBytes` of whole lines with each step. */
export function* validateOpenMetricsInSteps(
  bytes: Uint8Array,
  start: number,
  end: number,
  stepBytes: number,
): Generator<undefined, void> {
  const validator = new OpenMetricsValidator(bytes, start, end);
  yield* scanOpenMetricsInSteps(bytes, start, end, validator, stepBytes);
  validator.finish();
}

class OpenMetricsValidator implements ExpositionVisitor {
  readonly #bytes: Uint8Array;
  readonly #range: { readonly start: number; readonly end: number };
  readonly #usedNames = new Set<string>();
  #family: OpenMetricsFamily | undefined;
  /** Where the line begins (or its name does) that was visited last. */
  #offset: number;
  #sampleName = '';

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#range = { start, end };
    this.#offset = start;
  }

  type(nameStart: number, nameEnd: number, type: MetricType): void {
    const family = this.#describe(nameStart, nameEnd);
    if (family.type !== undefined) throw this.#error('one TYPE line for a family');
    family.type = type;
  }

  help(nameStart: number, nameEnd: number): void {
    const family = this.#describe(nameStart, nameEnd);
    if (family.hasHelp) throw this.#error('one HELP line for a family');
    family.hasHelp = true;
  }

  unit(nameStart: number, nameEnd: number, textStart: number, textEnd: number): void {
    const family = this.#describe(nameStart, nameEnd);
    if (family.unit !== undefined) throw this.#error('one UNIT line for a family');
    family.unit = unescapeText(this.#bytes, textStart, textEnd);
  }

  sample(identityStart: number, identityEnd: number, value: number, timestamp: number): void {
    const { start } = this.#range;
    const pairs = decodeIdentityPairs(this.#bytes, identityStart, identityEnd, start);
    const labels = new Map<string, string>();
    for (let index = 0; index < pairs.length; index += 2)
      labels.set(pairs[index]!, pairs[index + 1]!);
    const name = labels.get(METRIC_NAME) ?? '';
    labels.delete(METRIC_NAME);
    let family = this.#family;
    if (family === undefined || !family.covers(name)) family = this.#open(name, identityStart);
    this.#offset = identityStart;
    this.#sampleName = name;
    const fault = (wanted: string): ExpositionError => this.#errorAt(wanted, identityStart);
    if (isOutOfRange(this.#bytes, identityEnd, value)) throw fault('a value that a float can hold');
    family.add({ name, labels, value, timestamp, fault });
  }

  exemplar(): void {
    if (this.#family?.allowsExemplar(this.#sampleName) === true) return;
    throw this.#error('no exemplar but on _total of counters and _bucket of histograms');
  }

  finish(): void {
    this.#close();
  }

  /** The family that a metadata line speaks of, which may begin with it. */
  #describe(nameStart: number, nameEnd: number): OpenMetricsFamily {
    const name = unescapeText(this.#bytes, nameStart, nameEnd);
    let family = this.#family;
    if (family?.name !== name) family = this.#open(name, nameStart);
    this.#offset = nameStart;
    if (family.hasSamples) throw this.#error('metadata before the samples of its family');
    return family;
  }

  #open(name: string, offset: number): OpenMetricsFamily {
    this.#close();
    this.#offset = offset;
    const family = new OpenMetricsFamily(name);
    this.#family = family;
    return family;
  }

  #close(): void {
    const family = this.#family;
    if (family === undefined) return;
    const fault = (wanted: string): ExpositionError => this.#error(wanted);
    family.finish(fault);
    for (const name of family.names) {
      if (this.#usedNames.has(name)) {
        throw this.#error(`families together and apart: ${name} belongs to an earlier one`);
      }
      this.#usedNames.add(name);
    }
  }

  #error(wanted: string): ExpositionError {
    return this.#errorAt(wanted, this.#offset);
  }

  #errorAt(wanted: string, offset: number): ExpositionError {
    return expositionError(this.#bytes, this.#range, offset, wanted);
  }
}
