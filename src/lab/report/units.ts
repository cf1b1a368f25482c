/** Milliseconds in the unit that people would say them in. */
export function showMs(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return 'never';
  if (ms < 1) return '< 1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** A share, with so many digits that what is not all never looks like all. */
export function showShare(part: number, whole: number): string {
  if (whole === 0) return 'nothing generated';
  if (part === whole) return '100 %';
  const percent = (100 * part) / whole;
  const digits = percent > 99.9 ? 3 : percent > 99 ? 2 : 1;
  const shown = percent.toFixed(digits);
  return `${shown.startsWith('100') ? '> 99.999' : shown} %`;
}

/** A figure that the system may not tell. */
export function showMeasured(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? 'not measured: needs /proc (Linux)' : show(value);
}
