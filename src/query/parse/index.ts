import type { Matcher } from '../../model/index.ts';
import type { Expr } from '../ast.ts';
import { checkTypes } from './check-types.ts';
import { parseExpression } from './parser.ts';
import { isMetricName, parseSelector } from './selector.ts';
import { TokenStream } from './token-stream.ts';

export { MAX_QUERY_DEPTH, MAX_QUERY_LENGTH } from './token-stream.ts';

/**
 * Parses a query and checks its types, so that it evaluates without type errors.
 * @throws ParseError with the first syntax error, or all type errors.
 */
export function parseExpr(text: string): Expr {
  const stream = openStream(text);
  const expr = parseExpression(stream);
  expectEnd(stream);
  const checked = checkTypes(expr, text, (span, problem) => {
    stream.problem(span, problem);
  });
  stream.throwProblems();
  return checked;
}

/**
 * Parses a selector without modifiers (`up{job="x"}`), as `match[]` takes it. Whether its
 * matchers may all match the empty string is for the caller to say.
 * @throws ParseError
 */
export function parseMetricSelector(text: string): readonly Matcher[] {
  const stream = new TokenStream(text);
  const first = stream.peek();
  if (first.symbol !== '{' && !isMetricName(first)) stream.unexpected('');
  const selector = parseSelector(stream);
  expectEnd(stream);
  return selector.matchers;
}

function openStream(text: string): TokenStream {
  const stream = new TokenStream(text);
  if (stream.isEmpty) stream.fail({ start: 0, end: text.length }, 'no expression found in input');
  return stream;
}

function expectEnd(stream: TokenStream): void {
  if (stream.peek().kind !== 'end') stream.unexpected('');
  stream.throwProblems();
}
