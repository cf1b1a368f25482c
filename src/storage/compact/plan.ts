import type { BlockMeta } from '../block/block-meta.ts';

/** Ranges grow by this factor: 2 h, 6 h, 18 h, … */
const GROWTH = 3;

/**
 * The blocks to merge next, none where all is well. First blocks that overlap within one range of
 * the smallest size (late samples come in small blocks), then, from small ranges to large, all the
 * blocks of a range that lies wholly before `newest` and is not larger than `maxRangeMs`.
 */
export function planMerge(
  blocks: readonly BlockMeta[],
  baseMs: number,
  maxRangeMs: number,
): readonly BlockMeta[] {
  if (blocks.length === 0) return [];
  const newest = Math.max(...blocks.map(({ maxTime }) => maxTime));
  for (let rangeMs = baseMs; rangeMs <= Math.max(baseMs, maxRangeMs); rangeMs *= GROWTH) {
    const groups = new Map<number, BlockMeta[]>();
    for (const block of blocks) {
      const start = Math.floor(block.minTime / rangeMs) * rangeMs;
      // What reaches beyond the range is larger than it already.
      if (block.maxTime >= start + rangeMs) continue;
      const group = groups.get(start);
      if (group === undefined) groups.set(start, [block]);
      else group.push(block);
    }
    for (const [start, group] of [...groups].sort((a, b) => a[0] - b[0])) {
      // The newest range is still being filled, but for late samples that overlap.
      const complete = rangeMs === baseMs || start + rangeMs <= newest;
      if (complete && group.length > 1) return group;
    }
  }
  return [];
}
