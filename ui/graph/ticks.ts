import { pad } from '../format/value.ts';

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/**
 * Labels of a local time axis: the clock on the first line, and the day on a second one under the
 * first tick and wherever it changes. Days apart, the day alone is said.
 */
export function timeLabels(splits: readonly number[], incrementSeconds: number): string[] {
  let shownDay = '';
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const day = `${date.getDate()} ${MONTHS[date.getMonth()] ?? ''}`;
    if (incrementSeconds >= 86_400) return day;
    const label = clock(date, incrementSeconds);
    if (day === shownDay) return label;
    shownDay = day;
    return `${label}\n${day}`;
  });
}

function clock(date: Date, incrementSeconds: number): string {
  const minutes = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (incrementSeconds >= 60) return minutes;
  const seconds = `${minutes}:${pad(date.getSeconds())}`;
  if (incrementSeconds >= 1) return seconds;
  return `${seconds}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Distances between ticks for bytes: powers of two, so that the labels are whole. */
export const BYTE_INCREMENTS = Array.from({ length: 60 }, (_, power) => 2 ** power);

const CLOCK_INCREMENTS = [
  10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200,
];

/** Distances between ticks of a duration axis: decimal under a minute, clock-like above. */
export const SECOND_INCREMENTS = [
  ...decades([1, 2, 5], { from: -9, to: 0 }),
  ...CLOCK_INCREMENTS,
  ...decades([86_400, 172_800, 432_000], { from: 0, to: 7 }),
];

function decades(steps: readonly number[], powers: { from: number; to: number }): number[] {
  const found: number[] = [];
  for (let power = powers.from; power <= powers.to; power++) {
    // Through text: 5 * 10 ** -9 is not the number that 5e-9 names.
    for (const step of steps) found.push(Number(`${step}e${power}`));
  }
  return found;
}

/** The browser's offset from UTC at a moment, as `UTC+02:00`. */
export function utcOffset(atMs: number): string {
  const minutes = -new Date(atMs).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}
