/** A place in an expression that a server's message points at. */
export interface ErrorPlace {
  /** Both from 1, as in the message. */
  line: number;
  column: number;
  /** Offset in UTF-16 units, never beyond the text's length. */
  offset: number;
  /** The message without the position in front. */
  message: string;
}

/** Finds `LINE:COLUMN:` in a server's message and the place it means; null where it has none. */
export function errorPlace(message: string, expression: string): ErrorPlace | null {
  const match = /(?:^|[\s"])(\d+):(\d+): (.*)$/s.exec(message);
  if (match === null) return null;
  const line = Number(match[1]);
  const column = Number(match[2]);
  const lines = expression.split('\n');
  if (line < 1 || line > lines.length || column < 1) return null;
  let offset = column - 1;
  for (let i = 0; i < line - 1; i++) offset += (lines[i] ?? '').length + 1;
  const rest = (match[3] ?? '').replace(/^parse error: /, '');
  return { line, column, offset: Math.min(offset, expression.length), message: rest };
}

/** The word or sign at an offset, as a range to mark; the last character at the text's end. */
export function markedRange(expression: string, offset: number): { from: number; to: number } {
  const word = /^[\w:]+/.exec(expression.slice(offset))?.[0];
  if (word !== undefined) return { from: offset, to: offset + word.length };
  if (offset < expression.length) return { from: offset, to: offset + 1 };
  return { from: Math.max(0, expression.length - 1), to: expression.length };
}
