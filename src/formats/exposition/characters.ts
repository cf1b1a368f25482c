export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;
export const LETTER_N = 0x6e;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** Bits of `CHARACTER_CLASS`: where in an unquoted name a byte may stand. */
export const METRIC_START = 1;
export const METRIC_PART = 2;
export const LABEL_START = 4;
export const LABEL_PART = 8;
/** ASCII that stands for itself between quotes: no quote, backslash or newline. */
export const QUOTED_PLAIN = 16;

/** For each byte where it may stand. */
export const CHARACTER_CLASS = Uint8Array.from({ length: 256 }, (_, code) => {
  const isPlain = code < 0x80 && code !== QUOTE && code !== BACKSLASH && code !== NEWLINE;
  return (isPlain ? QUOTED_PLAIN : 0) | nameClass(String.fromCharCode(code));
});

function nameClass(character: string): number {
  if (/[a-zA-Z_]/.test(character)) return METRIC_START | METRIC_PART | LABEL_START | LABEL_PART;
  if (character === ':') return METRIC_START | METRIC_PART;
  return /[0-9]/.test(character) ? METRIC_PART | LABEL_PART : 0;
}
