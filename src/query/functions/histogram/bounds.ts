import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram } from '../../../model/index.ts';

const tables = new Map<number, Float64Array>();

/** Bits after the point of the integers that the tables are computed with. */
const FIXED_BITS = 128n;

/** 2^(i / 2^schema) for i in [0, 2^schema), each the nearest float there is. */
function fractions(schema: number): Float64Array {
  let table = tables.get(schema);
  if (table === undefined) {
    let root = 2n << FIXED_BITS;
    for (let halving = 0; halving < schema; halving++) root = squareRoot(root << FIXED_BITS);
    let power = 1n << FIXED_BITS;
    table = new Float64Array(2 ** schema);
    for (let place = 0; place < table.length; place++) {
      table[place] = Number(power >> (FIXED_BITS - 64n)) / 2 ** 64;
      power = (power * root) >> FIXED_BITS;
    }
    tables.set(schema, table);
  }
  return table;
}

/** The whole part of a square root, by Newton's method. */
function squareRoot(value: bigint): bigint {
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** The upper bound of bucket `index` of an exponential schema: (2^(2^-schema))^index. */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const size = 2 ** schema;
  const exponent = Math.floor(index / size);
  // The bucket of the largest finite number ends there.
  if (exponent === 1024 && index === exponent * size) return Number.MAX_VALUE;
  return scaleByPower(fractions(schema)[index - exponent * size]!, exponent);
}

/** value × 2^exponent without an intermediate that over- or underflows. */
function scaleByPower(value: number, exponent: number): number {
  if (exponent > 1023) return value * 2 ** 1023 * 2 ** (exponent - 1023);
  if (exponent < -1022) return value * 2 ** -1022 * 2 ** (exponent + 1022);
  return value * 2 ** exponent;
}

export function usesCustomBuckets({ schema }: Pick<FloatHistogram, 'schema'>): boolean {
  return schema === CUSTOM_BUCKETS_SCHEMA;
}

/** The upper bound of bucket `index` on the positive side, whatever the schema. */
export function upperBound(
  { schema, customValues }: Pick<FloatHistogram, 'schema' | 'customValues'>,
  index: number,
): number {
  if (schema !== CUSTOM_BUCKETS_SCHEMA) return exponentialBound(index, schema);
  if (index < 0) return -Infinity;
  return customValues[index] ?? Infinity;
}

export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((bound, index) => bound === b[index]);
}

/** The bounds that both have. */
export function commonBounds(a: readonly number[], b: readonly number[]): number[] {
  const other = new Set(b);
  return a.filter((bound) => other.has(bound));
}
