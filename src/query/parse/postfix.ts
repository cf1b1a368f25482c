import type {
  AtModifier,
  DurationExpr,
  Expr,
  MatrixSelector,
  Subquery,
  VectorSelector,
} from '../ast.ts';
import type { Token } from '../lex/index.ts';
import { literalSeconds, parseOffsetDuration, parseRangeDuration } from './duration.ts';
import { spanning, type TokenStream } from './token-stream.ts';

/** What `offset` and `@` apply to. */
type Movable = VectorSelector | MatrixSelector | Subquery;

const MOVABLE =
  'must be preceded by an instant vector selector or range vector selector or a subquery';
const DURATION = 'number, duration, step(), or range()';

/** Parses what follows an operand: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`. */
export function parsePostfix(stream: TokenStream, operand: Expr): Expr {
  let expr = operand;
  for (;;) {
    const token = stream.peek();
    switch (token.symbol) {
      case '[':
        expr = parseBrackets(stream, expr);
        break;
      case 'offset':
        expr = parseOffset(stream, expr);
        break;
      case '@':
        expr = parseAt(stream, expr);
        break;
      case 'anchored':
      case 'smoothed':
        stream.take();
        expr = extend(stream, expr, token, token.symbol);
        break;
      default:
        return expr;
    }
  }
}

function parseBrackets(stream: TokenStream, expr: Expr): Expr {
  const open = stream.take();
  if (stream.peek().symbol === ']') stream.unexpected('subquery or range selector', DURATION);
  const range = parseRangeDuration(stream, 'subquery or range selector');
  const close = stream.accept(']');
  if (close !== undefined) return makeMatrix(stream, expr, range, { open, close });
  stream.expect(':', 'subquery or range', '":" or "]"');
  const hasStep = stream.peek().symbol !== ']';
  const step = hasStep ? parseRangeDuration(stream, 'subquery selector') : undefined;
  const end = stream.expect(']', 'subquery selector');
  const subquery: Subquery = {
    kind: 'subquery',
    span: spanning(expr, end),
    expr,
    range,
    step,
    offset: undefined,
    at: undefined,
  };
  return stream.grow(subquery, expr);
}

function makeMatrix(
  stream: TokenStream,
  expr: Expr,
  range: DurationExpr,
  { open, close }: { open: Token; close: Token },
): Expr {
  const brackets = spanning(open, close);
  if (expr.kind !== 'vector_selector') {
    return stream.fail(brackets, 'ranges only allowed for vector selectors');
  }
  if (expr.offset !== undefined) {
    stream.problem(brackets, 'no offset modifiers allowed before range');
  }
  if (expr.at !== undefined) stream.problem(brackets, 'no @ modifiers allowed before range');
  const span = spanning(expr, close);
  return stream.grow({ kind: 'matrix_selector', span, selector: expr, range }, expr);
}

function parseOffset(stream: TokenStream, expr: Expr): Expr {
  stream.take();
  const offset = parseOffsetDuration(stream);
  const target = movable(stream, expr, 'offset modifier');
  if (movementOf(target).offset !== undefined) {
    stream.problem(expr.span, 'offset may not be set multiple times');
  }
  // `offset 0s` moves nothing, and is as if it were not there.
  const isZero = offset.kind === 'duration' && offset.durationMs === 0;
  return move(target, offset.span.end, isZero ? {} : { offset });
}

function parseAt(stream: TokenStream, expr: Expr): Expr {
  stream.take();
  const { at, end } = parseTimestamp(stream, expr);
  const target = movable(stream, expr, '@ modifier');
  if (movementOf(target).at !== undefined) {
    stream.problem(expr.span, '@ <timestamp> may not be set multiple times');
  }
  return move(target, end, { at });
}

function parseTimestamp(stream: TokenStream, expr: Expr): { at: AtModifier; end: number } {
  const { symbol } = stream.peek();
  if (symbol === 'start' || symbol === 'end') {
    stream.take();
    stream.expect('(', '@', 'timestamp');
    return { at: { kind: symbol }, end: stream.expect(')', '@', 'timestamp').end };
  }
  const sign = stream.accept('-') ?? stream.accept('+');
  const token = stream.peek();
  if (token.kind !== 'number' && token.kind !== 'duration') stream.unexpected('@', 'timestamp');
  stream.take();
  const magnitude = literalSeconds(stream, token);
  const seconds = sign?.symbol === '-' ? -magnitude : magnitude;
  if (!(Math.abs(seconds) < 2 ** 63)) {
    stream.problem(expr.span, `timestamp out of bounds for @ modifier: ${printSeconds(seconds)}`);
  }
  return { at: { kind: 'time', timestampMs: roundHalfAway(seconds * 1000) }, end: token.end };
}

function printSeconds(seconds: number): string {
  if (Number.isNaN(seconds)) return 'NaN';
  if (!Number.isFinite(seconds)) return seconds > 0 ? '+Inf' : '-Inf';
  return `${BigInt(seconds)}.000000`;
}

function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

function movable(stream: TokenStream, expr: Expr, what: string): Movable {
  switch (expr.kind) {
    case 'vector_selector':
    case 'matrix_selector':
    case 'subquery':
      return expr;
    default:
      return stream.fail(expr.span, `${what} ${MOVABLE}`);
  }
}

interface Movement {
  readonly offset?: DurationExpr | undefined;
  readonly at?: AtModifier | undefined;
}

function movementOf(target: Movable): Movement {
  return target.kind === 'matrix_selector' ? target.selector : target;
}

function move(target: Movable, end: number, movement: Movement): Movable {
  const span = { start: target.span.start, end };
  if (target.kind !== 'matrix_selector') return { ...target, span, ...movement };
  return { ...target, span, selector: { ...target.selector, ...movement } };
}

function extend(
  stream: TokenStream,
  expr: Expr,
  { end }: Token,
  extension: 'anchored' | 'smoothed',
): Expr {
  const span = { start: expr.span.start, end };
  const selector = expr.kind === 'matrix_selector' ? expr.selector : expr;
  if (selector.kind === 'subquery') {
    return stream.fail(expr.span, `${extension} modifier is not supported for subqueries`);
  }
  if (selector.kind !== 'vector_selector') {
    return stream.fail(expr.span, `${extension} modifier must be preceded by a selector`);
  }
  if (selector.extension !== undefined && selector.extension !== extension) {
    stream.problem(expr.span, 'anchored and smoothed modifiers cannot be used together');
  }
  if (expr.kind === 'matrix_selector')
    return { ...expr, span, selector: { ...selector, extension } };
  return { ...selector, span, extension };
}
