import { type KernelBody, RangeKind } from '../../kernel/index.ts';
import {
  type Exemplar,
  HIGH_WORD,
  LOW_WORD,
  NAN_HIGH_WORD,
  NAN_LOW_WORD,
} from '../../model/index.ts';
import { type Appender, NO_SERIES } from '../../storage/api.ts';
import { latin1Text } from '../../util/index.ts';
import { judgeLine, readSeconds, type TextFormat } from './line-judge.ts';

/** After a scan: puts those numbers in place that take more than one rounding. */
export function readNumbers(body: KernelBody): void {
  const count = body.rangeCount;
  if (count === 0) return;
  const bytes = body.bytes();
  for (let index = 0; index < count; index++) {
    const { kind, start, end, sample } = body.range(index);
    if (kind === RangeKind.NUMBER) body.setValue(sample, Number(latin1Text(bytes, start, end)));
    else if (kind === RangeKind.TIME) body.setTime(sample, readSeconds(bytes, start, end));
  }
}

/** An exemplar, and the sample in the columns that it belongs to. */
export interface SampleExemplar {
  readonly sample: number;
  readonly exemplar: Exemplar;
}

const NO_EXEMPLARS: readonly SampleExemplar[] = [];

/** The exemplars of a body that was scanned; undefined where one is malformed. */
export function readExemplars(
  body: KernelBody,
  format: TextFormat,
): readonly SampleExemplar[] | undefined {
  const count = body.rangeCount;
  if (count === 0) return NO_EXEMPLARS;
  const found: SampleExemplar[] = [];
  const bytes = body.bytes();
  for (let index = 0; index < count; index++) {
    const range = body.range(index);
    if (range.kind !== RangeKind.LINE_EXEMPLAR) continue;
    const { sample } = range;
    const visitor = {
      sample() {},
      exemplar: (exemplar: Exemplar) => found.push({ sample, exemplar }),
    };
    if (!judgeLine(format, bytes, range, () => visitor)) return undefined;
  }
  return found;
}

/** Hands on exemplars, once the samples have their refs and times; those without a ref go. */
export function addExemplars(
  body: KernelBody,
  exemplars: readonly SampleExemplar[],
  appender: Appender,
): void {
  if (exemplars.length === 0) return;
  const { refs, timestamps } = body.columns();
  for (const { sample, exemplar } of exemplars) {
    const ref = refs[sample] ?? NO_SERIES;
    if (ref === NO_SERIES) continue;
    const timestamp = exemplar.timestamp ?? timestamps[sample] ?? 0;
    appender.addExemplar(ref, { ...exemplar, timestamp });
  }
}

/** Every NaN of an exposition becomes the NaN of the wire. */
export function setNans({ values, words }: { values: Float64Array; words: Uint32Array }): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === value) continue;
    words[2 * index + LOW_WORD] = NAN_LOW_WORD;
    words[2 * index + HIGH_WORD] = NAN_HIGH_WORD;
  }
}
