import { parseDuration } from '../../../src/model/index.ts';

/** Where a series began, in milliseconds after the sample it belongs to; undefined: not known. */
export type StartOffset = number | undefined;

const BLANK = /^_(?:x(\d+))?$/;
const OFFSET = /^([+-]?)(\d+[a-z]*?)(?:([+-])(\d+[a-z]*?))?(?:x(\d+))?$/;

/** Parses the offsets of an `@st` line: `_`, `-30s`, `-1mx2`, `-30s-1mx4`, `_x3`. */
export function parseStartOffsets(text: string): readonly StartOffset[] {
  return text.split(/\s+/).flatMap(parseItem);
}

function parseItem(item: string): StartOffset[] {
  const blank = BLANK.exec(item);
  if (blank !== null) return Array.from<undefined>({ length: Number(blank[1] ?? 1) });
  const match = OFFSET.exec(item);
  if (match === null) throw new Error(`not a start time: "${item}"`);
  const [, sign, first = '', stepSign, step = '0', repeats = '0'] = match;
  const offsetMs = signed(sign, first, item);
  const stepMs = signed(stepSign, step, item);
  return Array.from({ length: Number(repeats) + 1 }, (_, index) => offsetMs + index * stepMs);
}

function signed(sign: string | undefined, text: string, item: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new Error(`not a start time: "${item}"`);
  return sign === '-' ? -durationMs : durationMs;
}
