import type { EvalContext } from './context.ts';
import type { BinaryNode } from './plan.ts';

/** Tells that an operator has no meaning for such samples, which are dropped. */
export function incompatibleTypes(
  { operator, span }: BinaryNode,
  left: 'float' | 'histogram',
  right: 'float' | 'histogram',
  { annotations }: Pick<EvalContext, 'annotations'>,
): void {
  annotations.info(
    `incompatible sample types encountered for binary operator ${JSON.stringify(operator)}: ` +
      `${left} ${operator} ${right}`,
    span,
  );
}
