import { type TextPosition, TidegaugeError } from '../model/index.ts';
import type { Span } from './ast.ts';

/** One thing that is wrong with a query, and where. */
export interface QueryProblem {
  /** Without position. */
  readonly text: string;
  readonly span: Span;
  /** Of the span's start. */
  readonly position: TextPosition;
}

/**
 * A text that is not a valid query: wrong syntax, types, names or limits. The message is that of
 * the first problem in Prometheus's form, `line:column: parse error: text`.
 */
export class ParseError extends TidegaugeError {
  readonly code = 'bad_query';
  /** At least one: a syntax error stands alone, type errors are all here. */
  readonly problems: readonly QueryProblem[];

  constructor(problems: readonly [QueryProblem, ...QueryProblem[]]) {
    const { position, text } = problems[0];
    super(`${position.line}:${position.column}: parse error: ${text}`);
    this.problems = problems;
  }

  /** Where the first problem lies. */
  get position(): TextPosition {
    return this.problems[0]?.position ?? { offset: 0, line: 1, column: 1 };
  }
}

/** Line and column, counted from 1, of an offset in a query text. */
export function positionAt(text: string, offset: number): TextPosition {
  const bounded = Math.min(Math.max(offset, 0), text.length);
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < bounded; at = text.indexOf('\n', lineStart)) {
    line++;
    lineStart = at + 1;
  }
  return { offset: bounded, line, column: bounded - lineStart + 1 };
}
