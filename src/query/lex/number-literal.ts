const MAX_INT64 = 2n ** 63n - 1n;
const OCTAL = /^0[0-7]+$/;
const HEXADECIMAL = /^0[xX]/;

/**
 * The value of a number token: decimal, hexadecimal, with underscores between digits, `Inf`,
 * `NaN`. A leading zero makes an integer octal, as in Prometheus. Undefined where no float holds
 * it (`1e999`) or a hexadecimal integer exceeds 63 bits.
 */
export function numberValue(text: string): number | undefined {
  const plain = text.replaceAll('_', '');
  const word = plain.toLowerCase();
  if (word === 'inf') return Infinity;
  if (word === 'nan') return NaN;
  if (HEXADECIMAL.test(plain)) {
    const integer = BigInt(plain);
    return integer > MAX_INT64 ? undefined : Number(integer);
  }
  if (OCTAL.test(plain)) {
    const integer = BigInt(`0o${plain.slice(1)}`);
    if (integer <= MAX_INT64) return Number(integer);
  }
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}
