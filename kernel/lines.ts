// The tokens of exposition lines, as src/formats/exposition/line-scanner.ts takes and refuses them.
// Each function takes the address at which its token must begin and returns the one after it, or 0
// with `faultAt` set.

import { isUtf8 } from './utf8.ts';
import { fault } from './wire.ts';

export const TAB: i32 = 0x09;
export const NEWLINE: i32 = 0x0a;
export const SPACE: i32 = 0x20;
const QUOTE: i32 = 0x22;
export const HASH: i32 = 0x23;
const COMMA: i32 = 0x2c;
const EQUALS: i32 = 0x3d;
const COLON: i32 = 0x3a;
const UNDERSCORE: i32 = 0x5f;
const BACKSLASH: i32 = 0x5c;
export const OPEN_BRACE: i32 = 0x7b;
export const CLOSE_BRACE: i32 = 0x7d;

/** The byte at `position`, -1 at the end of the body. */
export function at(position: usize, end: usize): i32 {
  return position < end ? <i32>load<u8>(position) : -1;
}

/** Skips spaces and tabs, of which there may be none. */
export function blanks(start: usize, end: usize): usize {
  let position = start;
  while (position < end && isBlank(<i32>load<u8>(position))) position++;
  return position;
}

export function isBlank(code: i32): bool {
  return code === SPACE || code === TAB;
}

/** The newline that ends the line of `start`, or the end of the body. */
export function lineEnd(start: usize, end: usize): usize {
  let position = start;
  const newlines = i8x16.splat(<i8>NEWLINE);
  while (position < end) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(position), newlines));
    // What is read beyond the end is not looked at.
    if (found !== 0) return min(position + ctz(found), end);
    position += 16;
  }
  return end;
}

function isLetter(code: i32): bool {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === UNDERSCORE;
}

function isDigit(code: i32): bool {
  return code >= 0x30 && code <= 0x39;
}

/** An unquoted metric name. */
export function metricName(start: usize, end: usize): usize {
  let code = at(start, end);
  if (!isLetter(code) && code !== COLON) return fault(start);
  let position = start + 1;
  for (; position < end; position++) {
    code = <i32>load<u8>(position);
    if (!isLetter(code) && !isDigit(code) && code !== COLON) break;
  }
  return position;
}

function labelName(start: usize, end: usize): usize {
  if (!isLetter(at(start, end))) return fault(start);
  let position = start + 1;
  for (; position < end; position++) {
    const code = <i32>load<u8>(position);
    if (!isLetter(code) && !isDigit(code)) break;
  }
  return position;
}

/** Text in double quotes, on one line, valid UTF-8; `start` is at the opening quote. */
function quoted(start: usize, end: usize): usize {
  let position = start + 1;
  let isAscii = true;
  for (;;) {
    const code = at(position, end);
    if (code === QUOTE) break;
    if (code === NEWLINE || code < 0) return fault(position);
    if (code === BACKSLASH) {
      // What follows is part of the escape; a newline ends the line even so.
      const next = at(position + 1, end);
      if (next === QUOTE || next === BACKSLASH) position++;
    } else if (code >= 0x80) {
      isAscii = false;
    }
    position++;
  }
  if (!isAscii && !isUtf8(start + 1, position)) return fault(start + 1);
  return position + 1;
}

function quotedName(start: usize, end: usize): usize {
  const position = quoted(start, end);
  return position === start + 2 ? fault(start) : position;
}

function labelValue(start: usize, end: usize, relaxed: bool): usize {
  const position = relaxed ? blanks(start, end) : start;
  return at(position, end) === QUOTE ? quoted(position, end) : fault(position);
}

/**
 * A label part from after its opening brace through its closing one. `named`: the metric name stood
 * before it; where not, one quoted name without a value must be inside. `relaxed` (text 0.0.4):
 * blanks may surround every token and a comma may stand before the end.
 */
export function labels(start: usize, end: usize, named: bool, relaxed: bool): usize {
  let hasName = named;
  let position = relaxed ? blanks(start, end) : start;
  let code = at(position, end);
  while (code !== CLOSE_BRACE) {
    const isQuoted = code === QUOTE;
    const nameStart = position;
    position = isQuoted ? quotedName(position, end) : labelName(position, end);
    if (position === 0) return 0;
    if (relaxed) position = blanks(position, end);
    code = at(position, end);
    if (code === EQUALS) {
      position = labelValue(position + 1, end, relaxed);
      if (position === 0) return 0;
      if (relaxed) position = blanks(position, end);
      code = at(position, end);
    } else if (!isQuoted) {
      return fault(position);
    } else if (hasName) {
      return fault(nameStart);
    } else {
      hasName = true;
    }
    if (code === CLOSE_BRACE) break;
    if (code !== COMMA) return fault(position);
    position++;
    if (relaxed) position = blanks(position, end);
    code = at(position, end);
    if (code === CLOSE_BRACE && !relaxed) return fault(position);
  }
  return hasName ? position + 1 : fault(start);
}
