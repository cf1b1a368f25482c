import { type Labels, METRIC_NAME } from '../../model/index.ts';
import type { BinaryNode } from './plan.ts';

/** A string that two label sets share exactly when a vector operator matches them. */
export function signatureOf(node: BinaryNode): (labels: Labels) => string {
  const names = node.matching?.labels ?? [];
  if (node.matching?.on === true) {
    const kept = new Set(names);
    return (labels) => labels.only(kept).key;
  }
  const ignored = new Set([METRIC_NAME, ...names]);
  return (labels) => labels.without(ignored).key;
}

/** The labels of the match group: those that matching looks at. */
export function matchLabels(labels: Labels, node: BinaryNode): Labels {
  const names = new Set(node.matching?.labels);
  if (node.matching?.on === true) return labels.only(names);
  return labels.without(names.add(METRIC_NAME));
}
