import {
  ExpositionError,
  type ExpositionVisitor,
  scanOpenMetrics,
  scanText,
} from '../../formats/exposition/index.ts';

/** The two text formats. */
export type TextFormat = 'text' | 'openmetrics';

const EOF_LINE = Buffer.from('\n# EOF\n');
const NEWLINE = Buffer.from('\n');

let scratch = Buffer.alloc(4096);

/**
 * Scans one line of a body, `[start, end)` of `bytes`, as if it were all of a body. False
 * where it is malformed.
 * @param visitor for the line, which its ranges point into.
 */
export function judgeLine(
  format: TextFormat,
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  visitor: (line: Uint8Array) => ExpositionVisitor,
): boolean {
  const length = range.end - range.start;
  const ending = format === 'openmetrics' ? EOF_LINE : NEWLINE;
  const size = length + ending.length;
  if (scratch.length < size) scratch = Buffer.alloc(2 * size);
  scratch.set(bytes.subarray(range.start, range.end));
  scratch.set(ending, length);
  const line = scratch.subarray(0, size);
  try {
    if (format === 'openmetrics') scanOpenMetrics(line, 0, size, visitor(line));
    else scanText(line, 0, size, visitor(line));
    return true;
  } catch (error) {
    if (error instanceof ExpositionError) return false;
    throw error;
  }
}

/** The milliseconds that a time in seconds is, as OpenMetrics writes it. */
export function readSeconds(bytes: Uint8Array, start: number, end: number): number {
  const line = Buffer.concat([Buffer.from('a 1 '), bytes.subarray(start, end), EOF_LINE]);
  let time = NaN;
  scanOpenMetrics(line, 0, line.length, {
    sample(_start, _end, _value, timestamp) {
      time = timestamp;
    },
  });
  return time;
}
