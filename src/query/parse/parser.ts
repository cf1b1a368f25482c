import type { BinaryOperator, Call, Expr, Span } from '../ast.ts';
import { FUNCTION_SIGNATURES } from '../functions/signatures.ts';
import { type Token, unquote } from '../lex/index.ts';
import { type ParseArguments, parseAggregate } from './aggregate.ts';
import { literalSeconds } from './duration.ts';
import { parseMatching } from './matching.ts';
import { parsePostfix } from './postfix.ts';
import { isMetricName, parseSelector } from './selector.ts';
import { nearestName } from './suggest.ts';
import { spanning, type TokenStream } from './token-stream.ts';

/** How tightly each operator binds. */
const BINDING: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};

/** A sign binds its operand as `*` would: `-1 ^ 2` is -(1 ^ 2), `-1 * 2` is (-1) * 2. */
const SIGN_BINDING = 5;

/**
 * Parses an expression of operators that bind tighter than `minBinding`, without checking types.
 */
export function parseExpression(stream: TokenStream, minBinding = 0): Expr {
  return stream.nested(() => {
    let left = parseOperand(stream);
    for (;;) {
      const { kind, symbol } = stream.peek();
      const binding = kind === 'operator' ? BINDING[symbol] : undefined;
      if (binding === undefined || binding <= minBinding) return left;
      left = parseBinary(stream, left, binding);
    }
  });
}

function parseBinary(stream: TokenStream, left: Expr, binding: number): Expr {
  const token = stream.take();
  const operator = token.symbol as BinaryOperator;
  const { returnBool, matching } = parseMatching(stream);
  // A power is right-associative.
  const right = parseExpression(stream, operator === '^' ? binding - 1 : binding);
  return stream.grow(
    {
      kind: 'binary',
      span: spanning(left, right),
      operator,
      operatorSpan: { start: token.start, end: token.end },
      left,
      right,
      matching,
      returnBool,
    },
    left,
    right,
  );
}

function parseOperand(stream: TokenStream): Expr {
  const token = stream.peek();
  if (token.symbol === '+' || token.symbol === '-') return parseSigned(stream, token.symbol);
  return parsePostfix(stream, parsePrimary(stream, token));
}

function parseSigned(stream: TokenStream, operator: '+' | '-'): Expr {
  const sign = stream.take();
  const operand = parseExpression(stream, SIGN_BINDING);
  const span = spanning(sign, operand);
  if (operand.kind === 'number') {
    return { ...operand, span, value: operator === '-' ? -operand.value : operand.value };
  }
  return stream.grow({ kind: 'unary', span, operator, operand }, operand);
}

function parsePrimary(stream: TokenStream, token: Token): Expr {
  const span = { start: token.start, end: token.end };
  const isCall = stream.peek(1).symbol === '(';
  switch (token.kind) {
    case 'number':
    case 'duration': {
      stream.take();
      const value = literalSeconds(stream, token);
      return { kind: 'number', span, value, isDuration: token.kind === 'duration' };
    }
    case 'string':
      stream.take();
      return { kind: 'string', span, value: unquote(token.text) };
    case 'aggregator': {
      const { symbol } = stream.peek(1);
      const isAggregate = isCall || symbol === 'by' || symbol === 'without';
      return isAggregate ? parseAggregate(stream, parseArguments) : parseSelector(stream);
    }
    case 'identifier':
    case 'preprocessor':
      return isCall ? parseCall(stream) : parseSelector(stream);
    default:
      if (token.symbol === '(') return parseParen(stream);
      if (token.symbol === '{' || isMetricName(token)) return parseSelector(stream);
      return stream.unexpected('');
  }
}

function parseParen(stream: TokenStream): Expr {
  const open = stream.take();
  const expr = parseExpression(stream);
  const close = stream.accept(')') ?? stream.unexpected('');
  return stream.grow({ kind: 'paren', span: spanning(open, close), expr }, expr);
}

function parseCall(stream: TokenStream): Expr {
  const token = stream.take();
  const name = token.text;
  const { args, end } = parseArguments(stream);
  if (!FUNCTION_SIGNATURES.has(name)) {
    const nearest = nearestName(name, FUNCTION_SIGNATURES.keys());
    const advice = nearest === undefined ? '' : `, did you mean "${nearest}"?`;
    stream.problem(token, `unknown function with name "${name}"${advice}`);
  }
  const span: Span = { start: token.start, end };
  const call: Call = { kind: 'call', span, name, args };
  return stream.grow(call, ...args);
}

const parseArguments: ParseArguments = (stream) => {
  if (stream.accept('(') === undefined) stream.unexpected('');
  const args: Expr[] = [];
  let close = stream.accept(')');
  while (close === undefined) {
    args.push(parseExpression(stream));
    const comma = stream.accept(',');
    close = stream.accept(')');
    if (comma !== undefined && close !== undefined) {
      stream.problem(comma, 'trailing commas not allowed in function call args');
    }
    if (comma === undefined && close === undefined) {
      stream.unexpected('');
    }
  }
  return { args, end: close.end };
};
