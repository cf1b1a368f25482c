/**
 * String literals as Go has them: `"…"` and `'…'` with escapes, backticks without. An escape may
 * name a byte (`\xff`, `\377`) that is no part of UTF-8 text; such a byte becomes the lone
 * surrogate U+DC00 + byte, so that it stays one unit, is seen to be ill-formed
 * (`isWellFormed`), and prints as the same escape again.
 */
const STRAY_BYTE = 0xdc00;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

interface NumericEscape {
  readonly digits: number;
  readonly base: 8 | 16;
  readonly max: number;
}

const NUMERIC_ESCAPES: Readonly<Record<string, NumericEscape>> = {
  x: { digits: 2, base: 16, max: 0xff },
  u: { digits: 4, base: 16, max: 0x10ffff },
  U: { digits: 8, base: 16, max: 0x10ffff },
};
const OCTAL: NumericEscape = { digits: 3, base: 8, max: 0xff };

export interface ScannedString {
  /** After the closing quote, or where the problem lies. */
  readonly end: number;
  readonly problem: string | undefined;
}

/** Finds the end of the string literal that begins at `start`, checking its escapes. */
export function scanString(text: string, start: number): ScannedString {
  const quote = text.charAt(start);
  const raw = quote === '`';
  let at = start + 1;
  for (;;) {
    const code = text.codePointAt(at);
    if (code === undefined || (!raw && code === 0x0a)) {
      return { end: at, problem: `unterminated ${raw ? 'raw' : 'quoted'} string` };
    }
    if (code >= 0xd800 && code <= 0xdfff) return { end: at, problem: 'invalid UTF-8 rune' };
    const char = text.charAt(at);
    if (char === quote) return { end: at + 1, problem: undefined };
    if (char === '\\' && !raw) {
      const escape = readEscape(text, at, quote);
      if (typeof escape === 'string') return { end: at, problem: escape };
      at = escape.end;
    } else {
      at += code > 0xffff ? 2 : 1;
    }
  }
}

/** The value of a string literal that `scanString` accepted, quotes included. */
export function unquote(literal: string): string {
  const quote = literal.charAt(0);
  const body = literal.slice(1, -1);
  // Go drops carriage returns from raw strings.
  if (quote === '`') return body.replaceAll('\r', '');
  if (!body.includes('\\')) return body;
  let value = '';
  let bytes: number[] = [];
  for (let at = 0; at < body.length; ) {
    const escape = body.charAt(at) === '\\' ? readEscape(body, at, quote) : undefined;
    if (escape === undefined || typeof escape === 'string') {
      value += decodeBytes(bytes) + body.charAt(at);
      bytes = [];
      at++;
    } else if (escape.byte === undefined) {
      value += decodeBytes(bytes) + escape.text;
      bytes = [];
      at = escape.end;
    } else {
      bytes.push(escape.byte);
      at = escape.end;
    }
  }
  return value + decodeBytes(bytes);
}

interface Escape {
  readonly end: number;
  readonly text: string;
  /** Set where the escape stands for one byte. */
  readonly byte: number | undefined;
}

/** Reads the escape whose backslash is at `start`; a string says what is wrong with it. */
function readEscape(text: string, start: number, quote: string): Escape | string {
  const char = text.charAt(start + 1);
  if (char === '') return 'escape sequence not terminated';
  const simple = char === quote ? char : SIMPLE_ESCAPES[char];
  if (simple !== undefined) return { end: start + 2, text: simple, byte: undefined };
  const isOctal = char >= '0' && char <= '7';
  const numeric = isOctal ? OCTAL : NUMERIC_ESCAPES[char];
  if (numeric === undefined) return `unknown escape sequence ${describeRune(text, start + 1)}`;
  const from = isOctal ? start + 1 : start + 2;
  let code = 0;
  for (let at = from; at < from + numeric.digits; at++) {
    const digit = parseInt(text.charAt(at), numeric.base);
    if (Number.isNaN(digit)) {
      if (at >= text.length) return 'escape sequence not terminated';
      return `illegal character ${describeRune(text, at)} in escape sequence`;
    }
    code = code * numeric.base + digit;
  }
  if (code > numeric.max || (code >= 0xd800 && code <= 0xdfff)) {
    return 'escape sequence is an invalid Unicode code point';
  }
  const end = from + numeric.digits;
  return numeric.max === 0xff
    ? { end, text: '', byte: code }
    : { end, text: String.fromCodePoint(code), byte: undefined };
}

function describeRune(text: string, at: number): string {
  const code = text.codePointAt(at) ?? 0;
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  return `U+${hex} '${String.fromCodePoint(code)}'`;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text; those that are no part of UTF-8 become lone surrogates. */
function decodeBytes(bytes: readonly number[]): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const decoded = tryDecode(bytes.slice(at, at + length));
    text += decoded ?? String.fromCharCode(STRAY_BYTE + (bytes[at] ?? 0));
    at += decoded === undefined ? 1 : length;
  }
  return text;
}

function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function tryDecode(bytes: readonly number[]): string | undefined {
  try {
    return strictUtf8.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

/** The byte that a unit made by `unquote` stands for; undefined for ordinary text. */
export function strayByte(unit: number): number | undefined {
  return unit >= STRAY_BYTE + 0x80 && unit <= STRAY_BYTE + 0xff ? unit - STRAY_BYTE : undefined;
}
