/**
 * A float as the Prometheus API writes it: Go's shortest form ('f' between 1e-6 and 1e21, else
 * exponent with at least two digits), `+Inf`, `-Inf`, `NaN`, `-0`.
 */
export function formatFloat(value: number): string {
  if (value !== value) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  const mark = text.indexOf('e');
  if (mark < 0) return text;
  // JavaScript already switches at 1e21 and below 1e-6, with one exponent digit where Go has two.
  return text.length - mark === 3 ? `${text.slice(0, mark + 2)}0${text.slice(mark + 2)}` : text;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITY = /^[+-]?inf(?:inity)?$/i;

/**
 * Parses the float forms of the exposition formats (decimal, `Inf`, `+Inf`, `-Inf`, `NaN`, any
 * case); hexadecimal and underscores are refused. Returns undefined where the text is no float.
 */
export function parseFloatText(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text);
  if (INFINITY.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?nan$/i.test(text) ? NaN : undefined;
}

/** Unix seconds from milliseconds, with at most three decimals and no trailing zeros. */
export function formatSeconds(timestampMs: number): string {
  return String(timestampMs / 1000);
}
