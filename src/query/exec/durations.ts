import type { DurationExpr, Span } from '../ast.ts';
import { ExecutionError } from './errors.ts';

/** What `step()` and `range()` mean in a duration, in milliseconds. */
export interface DurationScope {
  /** 0 in an instant query. */
  readonly stepMs: number;
  readonly rangeMs: number;
}

/** The longest duration Prometheus represents (int64 nanoseconds), in seconds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

/** The milliseconds (whole, towards zero) an offset means; may be negative. */
export function resolveOffset(expr: DurationExpr | undefined, scope: DurationScope): number {
  return expr === undefined ? 0 : resolve(expr, scope);
}

/** The milliseconds of a range or a subquery's step. @throws ExecutionError unless above 0 */
export function resolveRange(expr: DurationExpr, scope: DurationScope): number {
  const durationMs = resolve(expr, scope);
  if (durationMs <= 0) throw durationError(expr.span, 'duration must be greater than 0');
  return durationMs;
}

function resolve(expr: DurationExpr, scope: DurationScope): number {
  if (expr.kind === 'duration') return expr.durationMs;
  const seconds = secondsOf(expr, scope);
  if (!Number.isFinite(seconds)) throw durationError(expr.span, 'duration is NaN or infinite');
  if (Math.abs(seconds) > MAX_SECONDS) throw durationError(expr.span, 'duration is out of range');
  const durationMs = Math.trunc(seconds * 1000);
  return durationMs === 0 ? 0 : durationMs;
}

function secondsOf(expr: DurationExpr, scope: DurationScope): number {
  switch (expr.kind) {
    case 'duration':
      return expr.durationMs / 1000;
    case 'duration_function':
      return (expr.name === 'step' ? scope.stepMs : scope.rangeMs) / 1000;
    case 'duration_unary': {
      const operand = secondsOf(expr.operand, scope);
      return expr.operator === '-' ? -operand : operand;
    }
    default:
      return calculate(expr, secondsOf(expr.left, scope), secondsOf(expr.right, scope));
  }
}

function calculate(
  { operator, span }: Extract<DurationExpr, { kind: 'duration_binary' }>,
  left: number,
  right: number,
): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw durationError(span, 'division by zero');
      return left / right;
    case '%':
      if (right === 0) throw durationError(span, 'modulo by zero');
      return left % right;
    case '^':
      return left ** right;
    case 'min':
      return Math.min(left, right);
    default:
      return Math.max(left, right);
  }
}

function durationError(span: Span, text: string): ExecutionError {
  return new ExecutionError(`${span.start}:${span.end}: ${text}`);
}
