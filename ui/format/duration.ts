const UNIT_SECONDS: Record<string, number> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** Reads `90`, `90s`, `1h30m`, `0.5d` as seconds; null for anything else, and for zero. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return positive(Number(trimmed));
  if (!/^(\d+(\.\d+)?(ms|[smhdwy])\s*)+$/.test(trimmed)) return null;
  let seconds = 0;
  for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g)) {
    seconds += Number(count) * (UNIT_SECONDS[unit ?? ''] ?? 0);
  }
  return positive(seconds);
}

function positive(seconds: number): number | null {
  // Whole microseconds: sums such as 17 * 0.001 are not the numbers their texts name.
  const rounded = Math.round(seconds * 1e6) / 1e6;
  return Number.isFinite(rounded) && rounded > 0 ? rounded : null;
}

/** Seconds in the form that parseDuration and PromQL read: `1h30m`, `15s`, `250ms`. */
export function formatDuration(seconds: number): string {
  let restMs = Math.round(seconds * 1000);
  if (restMs <= 0) return '0s';
  let text = '';
  for (const [unit, sizeMs] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(restMs / sizeMs);
    restMs -= count * sizeMs;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

/**
 * How long ago, as people say it: `now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. A moment
 * ahead of this clock by up to a minute is `now`: clocks of two machines differ.
 */
export function formatAgo(thenMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - thenMs) / 1000);
  if (seconds < -60) return `in ${formatSpan(-seconds)}`;
  if (seconds < 1) return 'now';
  return `${formatSpan(seconds)} ago`;
}

function formatSpan(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
