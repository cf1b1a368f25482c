import { formatFloat, type Labels } from '../../model/index.ts';
import { forMetric, goGeneral } from '../annotations.ts';
import type { Span } from '../ast.ts';
import { classicFraction, classicQuantile } from '../functions/histogram/classic.ts';
import { nativeFraction } from '../functions/histogram/native-fraction.ts';
import { nativeQuantile } from '../functions/histogram/native-quantile.ts';
import { type BucketGroup, groupBuckets, histogramOf } from './bucket-groups.ts';
import { type Grid, isPopulated, setFloat, type VectorValue, vectorOf } from './columns.ts';
import type { EvalContext } from './context.ts';
import { heldColumn } from './held-column.ts';
import { ForcedMonotonicityDetail } from './monotonicity.ts';
import type { CallNode, PlanNode } from './plan.ts';

type Evaluate = (group: BucketGroup, step: number) => number | undefined;

/** `histogram_quantile(phi, v)` */
export function evaluateQuantile(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const [phiNode, vectorNode] = node.args as [PlanNode, PlanNode];
  const phis = context.evaluateScalar(phiNode, grid).values;
  const groups = groupBuckets(context.evaluateVector(vectorNode, grid), vectorNode, context);
  warnOfQuantiles(phis, phiNode.span, context);
  const series = evaluateGroups(groups, grid, context, (group, step) =>
    quantileAt(phis[step]!, group, { step, grid, vectorNode }, context),
  );
  return { kind: 'vector', series, isDistinct: true };
}

/** `histogram_quantiles(v, "label", phi, …)`: each quantile with its value as a label. */
export function evaluateQuantiles(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const [vectorNode, labelNode, ...phiNodes] = node.args as [PlanNode, PlanNode, ...PlanNode[]];
  const label = labelNode.kind === 'string' ? labelNode.value : '';
  const groups = groupBuckets(context.evaluateVector(vectorNode, grid), vectorNode, context);
  const output: VectorValue['series'] = [];
  for (const phiNode of phiNodes) {
    const phis = context.evaluateScalar(phiNode, grid).values;
    warnOfQuantiles(phis, phiNode.span, context);
    // A quantile that changes from step to step makes series of its own.
    for (const phi of new Set(phis)) {
      const labelled = (labels: Labels): Labels => labels.with(label, openMetricsFloat(phi));
      output.push(
        ...evaluateGroups(
          groups,
          grid,
          context,
          (group, step) =>
            Object.is(phis[step], phi)
              ? quantileAt(phi, group, { step, grid, vectorNode }, context)
              : undefined,
          labelled,
        ),
      );
    }
  }
  return vectorOf(output);
}

/** `histogram_fraction(lower, upper, v)` */
export function evaluateFraction(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const [lowerNode, upperNode, vectorNode] = node.args as [PlanNode, PlanNode, PlanNode];
  const lowers = context.evaluateScalar(lowerNode, grid).values;
  const uppers = context.evaluateScalar(upperNode, grid).values;
  const groups = groupBuckets(context.evaluateVector(vectorNode, grid), vectorNode, context);
  return vectorOf(
    evaluateGroups(groups, grid, context, (group, step) => {
      const found = histogramOf(group, step, vectorNode, context);
      if (found === undefined) return undefined;
      const lower = lowers[step]!;
      const upper = uppers[step]!;
      if (found.kind === 'classic') return classicFraction(lower, upper, found.buckets);
      return nativeFraction(lower, upper, found.histogram, ownerOf(group, vectorNode, context));
    }),
  );
}

function evaluateGroups(
  groups: readonly BucketGroup[],
  grid: Grid,
  context: EvalContext,
  evaluate: Evaluate,
  labelsOf: (labels: Labels) => Labels = (labels) => labels,
): VectorValue['series'] {
  const output: VectorValue['series'] = [];
  for (const group of groups) {
    const column = heldColumn(context.guard, labelsOf(group.labels), grid.count, true);
    for (let step = 0; step < grid.count; step++) {
      context.guard.tick(group.buckets.length + 1);
      const value = evaluate(group, step);
      if (value !== undefined) setFloat(column, step, value);
    }
    if (isPopulated(column)) output.push(column);
  }
  return output;
}

interface QuantilePlace {
  readonly step: number;
  readonly grid: Grid;
  readonly vectorNode: PlanNode;
}

function quantileAt(
  phi: number,
  group: BucketGroup,
  { step, grid, vectorNode }: QuantilePlace,
  context: EvalContext,
): number | undefined {
  const found = histogramOf(group, step, vectorNode, context);
  if (found === undefined) return undefined;
  if (found.kind === 'native') {
    return nativeQuantile(phi, found.histogram, ownerOf(group, vectorNode, context));
  }
  const { value, forced } = classicQuantile(phi, found.buckets);
  if (forced !== undefined) {
    context.annotations.info(
      'input to histogram_quantile needed to be fixed for monotonicity (see ' +
        'https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)' +
        forMetric(group.labels.metricName),
      vectorNode.span,
      new ForcedMonotonicityDetail(forced, grid.startMs + step * grid.stepMs),
    );
  }
  return value;
}

function ownerOf(
  { labels }: BucketGroup,
  { span }: PlanNode,
  { annotations }: EvalContext,
): { metricName: string; span: Span; annotations: EvalContext['annotations'] } {
  return { metricName: labels.metricName, span, annotations };
}

function warnOfQuantiles(phis: Float64Array, span: Span, { annotations }: EvalContext): void {
  for (const phi of phis) {
    if (phi >= 0 && phi <= 1) continue;
    annotations.warn(`quantile value should be between 0 and 1, got ${goGeneral(phi)}`, span);
  }
}

/** A float as OpenMetrics writes `quantile` labels: always with a point or an exponent. */
function openMetricsFloat(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  const text = goGeneral(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
