import {
  ABSENT,
  type Grid,
  isPopulated,
  type SeriesColumn,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import { mergeEqualLabels } from './merge.ts';
import type { BinaryNode } from './plan.ts';
import { signatureOf } from './signature.ts';

/** `and`, `or`, `unless`: which elements stay is decided at every step anew. */
export function evaluateSetOperation(
  node: BinaryNode,
  left: VectorValue,
  right: VectorValue,
  grid: Grid,
): VectorValue {
  const signature = signatureOf(node);
  if (node.operator === 'or') {
    const seen = presence(left.series, signature, grid);
    for (const column of right.series) keepWhere(column, seen.get(signature(column.labels)), false);
    const added = right.series.filter(isPopulated);
    return vectorOf(mergeEqualLabels([...left.series, ...added]));
  }
  const seen = presence(right.series, signature, grid);
  const keepPresent = node.operator === 'and';
  for (const column of left.series) {
    keepWhere(column, seen.get(signature(column.labels)), keepPresent);
  }
  return vectorOf(left.series.filter(isPopulated));
}

type Signature = ReturnType<typeof signatureOf>;

/** For each signature, the steps at which some series with it has a sample. */
function presence(
  series: readonly SeriesColumn[],
  signature: Signature,
  grid: Grid,
): Map<string, Uint8Array> {
  const bySignature = new Map<string, Uint8Array>();
  for (const { labels, present } of series) {
    const key = signature(labels);
    let seen = bySignature.get(key);
    if (seen === undefined) {
      seen = new Uint8Array(grid.count);
      bySignature.set(key, seen);
    }
    for (let step = 0; step < grid.count; step++) seen[step]! |= present[step]!;
  }
  return bySignature;
}

/** Drops the samples at steps where `seen` is not as wanted; no `seen` is nowhere seen. */
function keepWhere(column: SeriesColumn, seen: Uint8Array | undefined, wanted: boolean): void {
  const { present } = column;
  for (let step = 0; step < present.length; step++) {
    const isSeen = seen !== undefined && seen[step] !== ABSENT;
    if (isSeen !== wanted) present[step] = ABSENT;
  }
}
