import { ParseError, parseExpr } from '../../query/index.ts';

const POSITION = /(?:^|: )(\d+):(\d+): (parse error: .*)$/s;

/**
 * An error of a server, with the expression and a mark under the fault where the text says its
 * place (`1:6: parse error: …`); else the error alone.
 */
export function markPosition(error: string, expression: string): string {
  const match = POSITION.exec(error);
  const line = Number(match?.[1]);
  const column = Number(match?.[2]);
  const source = expression.split('\n')[line - 1];
  if (match === null || source === undefined || column < 1 || column > source.length + 1) {
    return error;
  }
  // Tabs stay tabs, so that the mark stands right whatever their width.
  const before = source.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  const width = Math.max(1, Math.min(spanAt(expression, line, column), source.length - column + 1));
  const place = expression.includes('\n') ? `line ${line}, column ${column}` : `column ${column}`;
  return `${match[3]} (${place})\n\n  ${source}\n  ${before}${'^'.repeat(width)}`;
}

/** How far the fault reaches, if our own parser finds it in the same place; else 1. */
function spanAt(expression: string, line: number, column: number): number {
  try {
    parseExpr(expression);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { position, problems } = error;
    const span = problems[0]?.span;
    if (span !== undefined && position.line === line && position.column === column) {
      return span.end - span.start;
    }
  }
  return 1;
}
