import { compileRe2, BadRegexError, type Labels, METRIC_NAME } from '../../model/index.ts';
import { expandTemplate } from '../functions/expand-template.ts';
import { type Grid, type SeriesColumn, type VectorValue, vectorOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import { ExecutionError } from './errors.ts';
import { isLabelName } from './label-name.ts';
import { mergeEqualLabels } from './merge.ts';
import type { CallNode, PlanNode } from './plan.ts';

function textOf(node: PlanNode | undefined): string {
  return node?.kind === 'string' ? node.value : '';
}

/** `label_replace(v, destination, replacement, source, regex)` */
export function evaluateLabelReplace(
  node: CallNode,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  const [destination, replacement, source, pattern] = node.args.slice(1).map(textOf) as [
    string,
    string,
    string,
    string,
  ];
  const regex = compilePattern(pattern);
  if (!isLabelName(destination)) {
    throw new ExecutionError(`invalid destination label name in label_replace(): ${destination}`);
  }
  const { series } = context.evaluateVector(node.args[0]!, grid);
  for (const column of series) {
    const matcher = regex.matcher(column.labels.get(source));
    if (!matcher.find()) continue;
    setLabel(column, destination, expandTemplate(replacement, matcher));
  }
  return vectorOf(mergeEqualLabels(series));
}

function compilePattern(pattern: string): ReturnType<typeof compileRe2> {
  try {
    return compileRe2(`^(?s:${pattern})$`, pattern);
  } catch (error) {
    if (!(error instanceof BadRegexError)) throw error;
    throw new ExecutionError(`invalid regular expression in label_replace(): ${pattern}`, {
      cause: error,
    });
  }
}

/** `label_join(v, destination, separator, source, …)` */
export function evaluateLabelJoin(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const [destination = '', separator = '', ...sources] = node.args.slice(1).map(textOf);
  for (const source of sources) {
    if (!isLabelName(source)) {
      throw new ExecutionError(`invalid source label name in label_join(): ${source}`);
    }
  }
  if (!isLabelName(destination)) {
    throw new ExecutionError(`invalid destination label name in label_join(): ${destination}`);
  }
  const { series } = context.evaluateVector(node.args[0]!, grid);
  for (const column of series) {
    const joined = sources.map((source) => column.labels.get(source)).join(separator);
    setLabel(column, destination, joined);
  }
  return vectorOf(mergeEqualLabels(series));
}

/** A name that is set here is not to be dropped later. */
function setLabel(column: SeriesColumn, name: string, value: string): void {
  const labels: Labels = column.labels.with(name, value);
  column.labels = labels;
  if (name === METRIC_NAME) column.dropName = false;
}
