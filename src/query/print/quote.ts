import { strayByte } from '../lex/index.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** Letters, marks, numbers, punctuation, symbols, and the plain space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const ALL_PLAIN = /^[ !#-[\]-~]*$/;

/** A string as a literal in double quotes, with Go's escapes for what cannot be shown. */
export function quoteString(text: string): string {
  if (ALL_PLAIN.test(text)) return `"${text}"`;
  let quoted = '';
  for (const char of text)
    quoted += ESCAPES[char] ?? (PRINTABLE.test(char) ? char : escapeRune(char));
  return `"${quoted}"`;
}

function escapeRune(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const byte = strayByte(code) ?? code;
  if (byte < 0x100 && (byte !== code || code < 0x80)) return `\\x${hex(byte, 2)}`;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}
