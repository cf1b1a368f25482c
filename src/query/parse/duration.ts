import { parseDuration } from '../../model/index.ts';
import type { DurationExpr, Span } from '../ast.ts';
import { numberValue, type Token } from '../lex/index.ts';
import { spanning, type TokenStream } from './token-stream.ts';

type DurationOperator = Extract<DurationExpr, { kind: 'duration_binary' }>['operator'];

/** Seconds that int64 nanoseconds hold. */
const MAX_SECONDS = 2 ** 63 / 1e9;

const BINDING: Readonly<Record<string, number>> = {
  '+': 1,
  '-': 1,
  '*': 2,
  '/': 2,
  '%': 2,
  '^': 3,
};
const SIGN_BINDING = 3;

/** Seconds of a number or duration token; a problem is noted where it has no value. */
export function literalSeconds(stream: TokenStream, token: Token): number {
  if (token.kind === 'duration') {
    const durationMs = parseDuration(token.text);
    if (durationMs !== undefined) return durationMs / 1000;
    stream.problem(token, `not a valid duration string: "${token.text}"`);
    return 0;
  }
  const value = numberValue(token.text);
  if (value !== undefined) return value;
  const number = `parsing "${token.text}": value out of range`;
  stream.problem(token, `error parsing number: strconv.ParseFloat: ${number}`);
  return 0;
}

/** What stands between `[` and `:` or `]`: arithmetic; a literal must be above zero. */
export function parseRangeDuration(stream: TokenStream, context: string): DurationExpr {
  const duration = round(parseArithmetic(stream, 0, context));
  if (duration.kind === 'duration' && duration.durationMs <= 0) {
    stream.problem(duration.span, 'duration must be greater than 0');
  }
  return duration;
}

/**
 * What stands after `offset`: signs and one term. Further operators belong to the expression
 * around it: `foo offset -2 * 2` is `(foo offset -2) * 2`.
 */
export function parseOffsetDuration(stream: TokenStream): DurationExpr {
  return round(parseSigned(stream, 'offset', true));
}

/** A lone literal is whole milliseconds, and a duration however it was written. */
function round(duration: DurationExpr): DurationExpr {
  if (duration.kind !== 'duration') return duration;
  return { ...duration, durationMs: Math.round(duration.durationMs) + 0, isDuration: true };
}

function parseArithmetic(stream: TokenStream, minBinding: number, context: string): DurationExpr {
  return stream.nested(() => {
    let left = parseSigned(stream, context, false);
    for (;;) {
      const { symbol } = stream.peek();
      const binding = BINDING[symbol];
      if (binding === undefined || binding <= minBinding) return left;
      const operator = stream.take();
      // A power is right-associative.
      const right = parseArithmetic(stream, symbol === '^' ? binding - 1 : binding, context);
      checkDivisor(stream, operator, right);
      left = binary(stream, symbol as DurationOperator, left, right, spanning(left, right));
    }
  });
}

function checkDivisor(stream: TokenStream, operator: Token, divisor: DurationExpr): void {
  if (divisor.kind !== 'duration' || divisor.durationMs !== 0) return;
  if (operator.symbol === '/') stream.problem(operator, 'division by zero');
  if (operator.symbol === '%') stream.problem(operator, 'modulo by zero');
}

function parseSigned(stream: TokenStream, context: string, single: boolean): DurationExpr {
  const sign = stream.accept('-') ?? stream.accept('+');
  if (sign === undefined) return parseTerm(stream, context);
  const operand = stream.nested(() =>
    single
      ? parseSigned(stream, context, true)
      : parseArithmetic(stream, SIGN_BINDING - 1, context),
  );
  const span = spanning(sign, operand);
  if (operand.kind === 'duration') {
    const durationMs = sign.symbol === '-' ? -operand.durationMs : operand.durationMs;
    return { ...operand, span, durationMs };
  }
  const operator = sign.symbol === '-' ? '-' : '+';
  return stream.grow({ kind: 'duration_unary', span, operator, operand }, operand);
}

function parseTerm(stream: TokenStream, context: string): DurationExpr {
  const token = stream.peek();
  if (token.kind === 'number' || token.kind === 'duration') {
    stream.take();
    return literal(stream, token);
  }
  switch (token.symbol) {
    case '(': {
      stream.take();
      const inner = parseArithmetic(stream, 0, context);
      const close = stream.expect(')', context);
      return { ...inner, span: spanning(token, close) };
    }
    case 'step':
    case 'range': {
      stream.take();
      if (stream.accept('(') === undefined) break;
      const close = stream.expect(')', context);
      return { kind: 'duration_function', span: spanning(token, close), name: token.symbol };
    }
    case 'min_of':
    case 'max_of': {
      stream.take();
      stream.expect('(', context);
      const left = parseArithmetic(stream, 0, context);
      stream.expect(',', context);
      const right = parseArithmetic(stream, 0, context);
      const close = stream.expect(')', context);
      const operator = token.symbol === 'min_of' ? 'min' : 'max';
      return binary(stream, operator, left, right, spanning(token, close));
    }
  }
  return stream.unexpected(context, 'number, duration, step(), or range()');
}

function binary(
  stream: TokenStream,
  operator: DurationOperator,
  left: DurationExpr,
  right: DurationExpr,
  span: Span,
): DurationExpr {
  return stream.grow({ kind: 'duration_binary', span, operator, left, right }, left, right);
}

function literal(stream: TokenStream, token: Token): DurationExpr {
  const seconds = literalSeconds(stream, token);
  const span = { start: token.start, end: token.end };
  const isDuration = token.kind === 'duration';
  if (Math.abs(seconds) <= MAX_SECONDS) {
    return { kind: 'duration', span, durationMs: seconds * 1000, isDuration };
  }
  return stream.fail(span, 'duration out of range');
}
