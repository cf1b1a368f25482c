import type { Unit } from './unit.ts';

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const SI_SMALL = ['', 'm', 'µ', 'n', 'p'];
const IEC = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Significant digits of a value in legends and tooltips. */
const DEFAULT_DIGITS = 4;

/** Parses a value as the API prints it, `+Inf`, `-Inf` and `NaN` included. */
export function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** A value with its unit, short enough for a legend: `12.35 ms`, `1.5 GiB`, `98.2 %`, `3.4k`. */
export function formatValue(value: number, unit: Unit, digits = DEFAULT_DIGITS): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '−Inf';
  switch (unit) {
    case 'seconds':
      return formatSeconds(value, digits);
    case 'bytes':
      return formatBytes(value, digits);
    case 'bytes/s':
      return `${formatBytes(value, digits)}/s`;
    case 'ratio':
      return `${significant(value * 100, digits)} %`;
    case 'percent':
      return `${significant(value, digits)} %`;
    case 'timestamp':
      return formatTimestamp(value);
    case 'number':
      return formatNumber(value, digits);
  }
}

/** A plain number with an SI prefix: `950`, `1.234k`, `12.5µ`. */
export function formatNumber(value: number, digits = DEFAULT_DIGITS): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e21 || size < 1e-12) return value.toExponential(digits - 1).replace('-', '−');
  if (size >= 0.001 && size < 10_000) return significant(value, digits);
  const prefixes = size >= 1 ? SI : SI_SMALL;
  const factor = size >= 1 ? 1000 : 0.001;
  let step = 0;
  let scaled = value;
  // Judged after rounding, so that 999 999 is 1M and not 1000k.
  while (step < prefixes.length - 1 && isOutside(rounded(scaled, digits), size >= 1)) {
    scaled /= factor;
    step++;
  }
  return significant(scaled, digits) + (prefixes[step] ?? '');
}

function isOutside(scaled: number, large: boolean): boolean {
  return large ? Math.abs(scaled) >= 1000 : Math.abs(scaled) < 1;
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

/** Bytes with binary prefixes. */
function formatBytes(value: number, digits = DEFAULT_DIGITS): string {
  let step = 0;
  let scaled = value;
  while (Math.abs(rounded(scaled, digits)) >= 1024 && step < IEC.length - 1) {
    scaled /= 1024;
    step++;
  }
  return `${significant(scaled, digits)} ${IEC[step] ?? ''}`;
}

/** A duration: fractions down to nanoseconds, and two parts from a minute upwards (`2h 5m`). */
export function formatSeconds(value: number, digits = DEFAULT_DIGITS): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-6) return `${significant(value * 1e9, digits)} ns`;
  if (size < 1e-3) return `${significant(value * 1e6, digits)} µs`;
  if (size < 1) return `${significant(value * 1e3, digits)} ms`;
  if (size < 60) return `${significant(value, digits)} s`;
  return (value < 0 ? '−' : '') + formatLongDuration(size);
}

/** Whole seconds in the two largest parts that are not zero: `1d 4h`, `2h 5m`, `1m 30s`. */
export function formatLongDuration(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [letter, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${letter}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0s';
}

/** Unix seconds as local date and time. */
export function formatTimestamp(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return formatNumber(seconds);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** Whole number with thin spaces between thousands. */
export function formatCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Rounds to `digits` significant places, without exponent or trailing zeros, true minus sign. */
function significant(value: number, digits: number): string {
  if (value === 0) return '0';
  const near = rounded(value, digits);
  const text = Math.abs(near) >= 1e-6 ? near.toString() : near.toExponential();
  return text.replace('-', '−');
}

/** Two digits at least. */
export function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
