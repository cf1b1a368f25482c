import type {
  AggregateExpr,
  BinaryExpr,
  BinaryOperator,
  Call,
  Expr,
  Span,
  ValueType,
  VectorMatching,
  VectorSelector,
} from '../ast.ts';
import { FUNCTION_SIGNATURES, type FunctionSignature } from '../functions/signatures.ts';
import { documentedType, valueTypeOf } from '../value-type.ts';
import { takesParameter } from './aggregate.ts';

const COMPARISONS = new Set<BinaryOperator>(['==', '!=', '<', '>', '<=', '>=']);
const SET_OPERATORS = new Set<BinaryOperator>(['and', 'or', 'unless']);

/** Called with each problem, in the order in which they are to be shown. */
export type Report = (span: Span, text: string) => void;

/**
 * Checks types and the rules on selectors, matching and arguments. Returns the tree with the
 * matching of each binary expression completed. The text is for telling the forms of selectors
 * apart.
 */
export function checkTypes(expr: Expr, text: string, report: Report): Expr {
  return new TypeChecker(text, report).check(expr);
}

class TypeChecker {
  readonly #text: string;
  readonly #report: Report;

  constructor(text: string, report: Report) {
    this.#text = text;
    this.#report = report;
  }

  check(expr: Expr): Expr {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return expr;
      case 'vector_selector':
        this.#checkMatchers(expr);
        return expr;
      case 'matrix_selector':
        this.#checkMatchers(expr.selector);
        return expr;
      case 'paren':
        return { ...expr, expr: this.check(expr.expr) };
      case 'unary': {
        const operand = this.check(expr.operand);
        const type = valueTypeOf(operand);
        if (type !== 'scalar' && type !== 'vector') {
          this.#report(
            expr.span,
            'unary expression only allowed on expressions of type scalar or instant vector, ' +
              `got "${documentedType(type)}"`,
          );
        }
        return { ...expr, operand };
      }
      case 'subquery': {
        const inner = this.check(expr.expr);
        const type = valueTypeOf(inner);
        if (type !== 'vector') {
          this.#report(
            expr.span,
            `subquery is only allowed on instant vector, got ${type} instead`,
          );
        }
        return { ...expr, expr: inner };
      }
      case 'aggregate':
        return this.#checkAggregate(expr);
      case 'call':
        return this.#checkCall(expr);
      case 'binary':
        return this.#checkBinary(expr);
    }
  }

  #checkMatchers(selector: VectorSelector): void {
    if (selector.matchers.some((matcher) => !matcher.matches(''))) return;
    const problem = 'vector selector must contain at least one non-empty matcher';
    this.#report(selector.span, problem);
  }

  #expect(expr: Expr, wanted: ValueType, context: string): Expr {
    const checked = this.check(expr);
    const type = valueTypeOf(checked);
    if (type !== wanted) {
      this.#report(
        expr.span,
        `expected type ${documentedType(wanted)} in ${context}, got ${documentedType(type)}`,
      );
    }
    return checked;
  }

  #checkAggregate(node: AggregateExpr): Expr {
    const expr = this.#expect(node.expr, 'vector', 'aggregation expression');
    if (node.parameter === undefined || !takesParameter(node.operator)) return { ...node, expr };
    const wanted = node.operator === 'count_values' ? 'string' : 'scalar';
    const parameter = this.#expect(node.parameter, wanted, 'aggregation parameter');
    return { ...node, expr, parameter };
  }

  #checkCall(node: Call): Expr {
    const signature = FUNCTION_SIGNATURES.get(node.name);
    if (signature === undefined) return node;
    const countProblem = argumentCountProblem(signature, node.args.length);
    if (countProblem !== undefined) this.#report(node.span, countProblem);
    const { argumentTypes, name } = signature;
    const last = argumentTypes.length - 1;
    const args = node.args.map((argument, index) => {
      if (name === 'info' && index === 1) return this.#checkInfoSelector(argument);
      const wanted = argumentTypes[Math.min(index, last)];
      const isSurplus = index > last && signature.maxArguments <= argumentTypes.length;
      if (wanted === undefined || isSurplus) return argument;
      return this.#expect(argument, wanted, `call to function "${name}"`);
    });
    return { ...node, args };
  }

  /** The second argument of `info` is matchers only, and those may match everything. */
  #checkInfoSelector(argument: Expr): Expr {
    const type = valueTypeOf(argument);
    if (type !== 'vector') {
      this.#report(
        argument.span,
        `expected type instant vector in call to function "info", got ${documentedType(type)}`,
      );
    } else if (argument.kind !== 'vector_selector') {
      this.#report(argument.span, 'expected label selectors only');
    } else if (this.#text.charAt(argument.span.start) !== '{') {
      const problem = 'expected label selectors only, got vector selector instead';
      this.#report(argument.span, problem);
    }
    return argument;
  }

  #checkBinary(node: BinaryExpr): Expr {
    const left = this.check(node.left);
    const right = this.check(node.right);
    const leftType = valueTypeOf(left);
    const rightType = valueTypeOf(right);
    const { operator, operatorSpan, returnBool, matching } = node;
    const isComparison = COMPARISONS.has(operator);
    if (returnBool && !isComparison) {
      this.#report(operatorSpan, 'bool modifier can only be used on comparison operators');
    }
    if (isComparison && !returnBool && leftType === 'scalar' && rightType === 'scalar') {
      this.#report(operatorSpan, 'comparisons between scalars must use BOOL modifier');
    }
    for (const label of matching?.on === true ? matching.labels : []) {
      if (matching?.include.includes(label) !== true) continue;
      const problem = `label "${label}" must not occur in ON and GROUP clause at once`;
      this.#report(operatorSpan, problem);
    }
    for (const side of [left, right]) {
      const type = valueTypeOf(side);
      if (type === 'scalar' || type === 'vector') continue;
      const problem = 'binary expression must contain only scalar and instant vector types';
      this.#report(side.span, problem);
    }
    const checked = { ...node, left, right };
    if (matching === undefined) return checked;
    if (leftType === 'vector' && rightType === 'vector') {
      return { ...checked, matching: this.#checkMatching(node, matching) };
    }
    this.#checkNoMatching(node, matching, leftType === 'scalar' || rightType === 'scalar');
    return { ...checked, matching: undefined };
  }

  /** Of two vectors. */
  #checkMatching({ operator, span }: BinaryExpr, matching: VectorMatching): VectorMatching {
    if (!SET_OPERATORS.has(operator)) return matching;
    if (matching.cardinality !== 'one-to-one') {
      this.#report(span, `no grouping allowed for "${operator}" operation`);
    }
    if (matching.fillLeft !== undefined || matching.fillRight !== undefined) {
      this.#report(span, 'filling in missing series not allowed for set operators');
    }
    return { ...matching, cardinality: 'many-to-many' };
  }

  /** Of anything but two vectors. */
  #checkNoMatching(
    { operator, span }: BinaryExpr,
    matching: VectorMatching,
    hasScalar: boolean,
  ): void {
    if (matching.labels.length > 0) {
      this.#report(span, 'vector matching only allowed between instant vectors');
    }
    if (matching.fillLeft !== undefined || matching.fillRight !== undefined) {
      this.#report(span, 'filling in missing series only allowed between instant vectors');
    }
    if (hasScalar && SET_OPERATORS.has(operator)) {
      this.#report(span, `set operator "${operator}" not allowed in binary scalar expression`);
    }
  }
}

function argumentCountProblem(signature: FunctionSignature, count: number): string | undefined {
  const { name, minArguments, maxArguments } = signature;
  if (minArguments === maxArguments) {
    if (count === minArguments) return undefined;
    return `expected ${minArguments} argument(s) in call to "${name}", got ${count}`;
  }
  if (count < minArguments) {
    return `expected at least ${minArguments} argument(s) in call to "${name}", got ${count}`;
  }
  if (count <= maxArguments) return undefined;
  return `expected at most ${maxArguments} argument(s) in call to "${name}", got ${count}`;
}
