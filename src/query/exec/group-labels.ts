import { type Labels, METRIC_NAME } from '../../model/index.ts';
import type { AggregateNode } from './plan.ts';

/** The labels of the group an aggregation puts a series in. */
export function groupLabels({
  grouping,
  without,
}: Pick<AggregateNode, 'grouping' | 'without'>): (labels: Labels) => Labels {
  if (without) {
    const dropped = new Set([...grouping, METRIC_NAME]);
    return (labels) => labels.without(dropped);
  }
  const kept = new Set(grouping);
  return (labels) => labels.only(kept);
}
