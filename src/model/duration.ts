/** Milliseconds in each unit of Prometheus durations; a year is 365 days, a week 7. */
const UNIT_MS: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNITS = ['y', 'w', 'd', 'h', 'm', 's', 'ms'];

/** The longest duration Prometheus represents (int64 nanoseconds), in milliseconds. */
const MAX_MS = 9_223_372_036_854;

/**
 * Parses `1h30m`, `5m`, `100ms`, `0`: units once each, from large to small.
 * Returns milliseconds, or undefined where the text is not a duration (or over 292 years).
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text === '') return undefined;
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  let totalMs = 0;
  for (const [index, unit] of UNITS.entries()) {
    const digits = match[index + 1];
    if (digits !== undefined) totalMs += Number(digits) * (UNIT_MS[unit] ?? 0);
  }
  return totalMs > MAX_MS ? undefined : totalMs;
}

/** Writes milliseconds as Prometheus does: `1h30m`, `0s`; years and weeks only where exact. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let rest = Math.abs(durationMs);
  let text = durationMs < 0 ? '-' : '';
  for (const unit of UNITS) {
    const size = UNIT_MS[unit] ?? 1;
    const exactOnly = unit === 'y' || unit === 'w' || unit === 'd';
    if (rest < size || (exactOnly && rest % size !== 0)) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text;
}
