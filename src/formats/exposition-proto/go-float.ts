import { formatFloat } from '../../model/index.ts';

/**
 * A number as Go's client library writes it in text, bounds of buckets and quantiles included: an
 * exponent, of two digits or more, from 1e+06 up and below 1e-04.
 */
export function formatGoFloat(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatFloat(value);
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return formatFloat(value);
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
}

/** As `formatGoFloat`, but a whole number with `.0`: the canonical form of OpenMetrics. */
export function formatOpenMetricsFloat(value: number): string {
  const text = value === 0 ? '0' : formatGoFloat(value);
  return !Number.isFinite(value) || /[.e]/.test(text) ? text : `${text}.0`;
}
