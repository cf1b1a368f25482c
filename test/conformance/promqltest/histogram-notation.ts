import type { CounterReset, FloatHistogram, Span } from '../../../src/model/index.ts';

const ITEM = /([a-z_]+):(\[[^\]]*\]|\S+)/g;
const HINTS: Readonly<Record<string, CounterReset>> = {
  unknown: 'unknown',
  reset: 'reset',
  not_reset: 'not_reset',
  gauge: 'gauge',
};

/** Parses what stands between `{{` and `}}`: `schema:1 sum:3 count:2 buckets:[1 0 1]`. */
export function parseHistogram(text: string): {
  readonly histogram: FloatHistogram;
  readonly hasHint: boolean;
} {
  const fields = new Map<string, string>();
  const rest = text.replace(ITEM, (_, key: string, value: string) => {
    fields.set(key, value);
    return '';
  });
  if (rest.trim() !== '') throw new Error(`not a histogram: "${text}"`);
  const hint = fields.get('counter_reset_hint');
  const positive = bucketsOf(fields, 'buckets', 'offset');
  const negative = bucketsOf(fields, 'n_buckets', 'n_offset');
  const histogram: FloatHistogram = {
    counterReset: HINTS[hint ?? 'unknown'] ?? 'unknown',
    schema: numberOf(fields.get('schema')),
    zeroThreshold: numberOf(fields.get('z_bucket_w')),
    zeroCount: numberOf(fields.get('z_bucket')),
    count: numberOf(fields.get('count')),
    sum: numberOf(fields.get('sum')),
    positiveSpans: positive.spans,
    positiveBuckets: positive.buckets,
    negativeSpans: negative.spans,
    negativeBuckets: negative.buckets,
    customValues: listOf(fields.get('custom_values')),
  };
  return { histogram, hasHint: hint !== undefined };
}

function bucketsOf(
  fields: ReadonlyMap<string, string>,
  bucketsKey: string,
  offsetKey: string,
): { spans: readonly Span[]; buckets: readonly number[] } {
  const buckets = listOf(fields.get(bucketsKey));
  if (buckets.length === 0) return { spans: [], buckets };
  return { spans: [{ offset: numberOf(fields.get(offsetKey)), length: buckets.length }], buckets };
}

function listOf(text = '[]'): readonly number[] {
  const inner = text.slice(1, -1).trim();
  return inner === '' ? [] : inner.split(/\s+/).map(numberOf);
}

function numberOf(text = '0'): number {
  const word = text.toLowerCase().replace(/^[+-]/, '');
  const magnitude = word === 'inf' ? Infinity : word === 'nan' ? NaN : Number(word);
  if (Number.isNaN(magnitude) && word !== 'nan') throw new Error(`not a number: "${text}"`);
  return text.startsWith('-') ? -magnitude : magnitude;
}
