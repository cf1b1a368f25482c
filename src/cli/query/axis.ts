/** Values and times at the edges of a plot. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const SCALES: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** A number in few characters: `1.25k`, `0.004`, `3e-9`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  for (const [scale, suffix] of SCALES) {
    if (size >= scale && size < 1000 * scale) return `${round(value / scale)}${suffix}`;
  }
  return round(value);
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/**
 * Round bounds around values, for an axis: multiples of 1, 2 or 5 times a power of ten. A single
 * value is drawn against zero.
 */
export function roundBounds({ min, max }: Bounds): Bounds {
  if (min === max) {
    if (min === 0) return { min: -1, max: 1 };
    return roundBounds({ min: Math.min(0, min), max: Math.max(0, max) });
  }
  const step = niceStep((max - min) / 4);
  const low = Math.floor(min / step) * step;
  // What is nearly zero begins at zero: a chart that does not says more than there is.
  return { min: min >= 0 && low <= step ? 0 : low, max: Math.ceil(max / step) * step + 0 };
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((one) => one * power >= least) ?? 10;
  return factor * power;
}

/** The time of day, in UTC; with the date where the plot spans more than a day. */
export function clockText(timeMs: number, spanMs: number): string {
  const iso = new Date(timeMs).toISOString();
  const time = spanMs < 10 * 60_000 ? iso.slice(11, 19) : iso.slice(11, 16);
  return spanMs > 86_400_000 ? `${iso.slice(5, 10)} ${time}` : time;
}
