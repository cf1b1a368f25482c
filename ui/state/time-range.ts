/** Start and end in Unix seconds, both inclusive, and the distance of points between them. */
export interface ResolvedRange {
  start: number;
  end: number;
  step: number;
}

/** Points an automatic resolution aims at; enough for a wide screen, few for the server. */
const TARGET_POINTS = 300;

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
];

/** Widest step that a refreshed range is aligned to: beyond it, the newest points would be lost. */
const MAX_ALIGNED_STEP = 60;

/** The smallest round step that needs at most 300 points for a range. */
export function chooseStep(rangeSeconds: number): number {
  const least = rangeSeconds / TARGET_POINTS;
  const round = STEPS.find((step) => step >= least);
  return round ?? Math.ceil(least / 86_400) * 86_400;
}

/**
 * What to ask the server for. A range that is refreshed ends on a multiple of a short step, so that
 * the graph moves by whole points instead of being sampled anew between them. One that is asked for
 * once ends now: the last seconds are what its reader wants, and all that a new collector has.
 */
export function resolveRange(options: {
  rangeSeconds: number;
  endMs: number | null;
  stepSeconds: number | null;
  /** 0 for a range that is not refreshed. */
  refreshSeconds: number;
  nowMs: number;
}): ResolvedRange {
  const { endMs, nowMs, refreshSeconds } = options;
  const step = options.stepSeconds ?? chooseStep(options.rangeSeconds);
  let end = (endMs ?? nowMs) / 1000;
  const isAligned = endMs === null && refreshSeconds > 0 && step <= MAX_ALIGNED_STEP;
  if (isAligned) end = Math.floor(end / step) * step;
  const start = end - options.rangeSeconds;
  return { start: roundMs(start), end: roundMs(end), step };
}

function roundMs(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
