/** Sums are compensated since 3.0, so the last digits may differ. */
const RELATIVE_TOLERANCE = 1e-9;

/** What the captures have in place of durations. */
const CLOCK = '(clock)';

/**
 * Where two values from JSON differ first, as a path; undefined where they are the same. Texts
 * that are both numbers may differ in their last digits, but not in their form.
 */
export function describeDifference(
  got: unknown,
  wanted: unknown,
  path: string,
): string | undefined {
  if (wanted === CLOCK) return typeof got === 'number' ? undefined : path;
  if (typeof wanted === 'string' && typeof got === 'string') {
    return isSameText(got, wanted) ? undefined : path;
  }
  if (!isObject(wanted) || !isObject(got)) return Object.is(got, wanted) ? undefined : path;
  if (Array.isArray(wanted) !== Array.isArray(got)) return path;
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(got)])) {
    const here = `${path}.${key}`;
    if (!(key in wanted) || !(key in got)) return here;
    const found = describeDifference(got[key], wanted[key], here);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const DIGITS = /\d/;

function isSameText(got: string, wanted: string): boolean {
  if (got === wanted) return true;
  const [left, right] = [Number(got), Number(wanted)];
  if (!DIGITS.test(wanted) || !Number.isFinite(left) || !Number.isFinite(right)) return false;
  const isClose = Math.abs(left - right) <= RELATIVE_TOLERANCE * Math.abs(right);
  // `1e-7` and `1e-07` are the same number in two forms: only one of them is right.
  return isClose && left !== right;
}
