import type { StorageStats } from '../api.ts';
import type { BlockMeta } from './block-meta.ts';

type Counts = Pick<StorageStats, 'chunkCount' | 'sampleCount' | 'minTime' | 'maxTime'>;

/** What the head says of itself, with the blocks counted in; series are those of the head alone. */
export function withBlocks<Stats extends Counts>(head: Stats, blocks: readonly BlockMeta[]): Stats {
  const sum = (count: (meta: BlockMeta) => number): number =>
    blocks.reduce((total, meta) => total + count(meta), 0);
  return {
    ...head,
    chunkCount: head.chunkCount + sum((meta) => meta.chunkCount),
    sampleCount: head.sampleCount + sum((meta) => meta.sampleCount),
    ...timeSpan(head, blocks),
  };
}

/** From the oldest to the newest sample of head and blocks. */
function timeSpan(
  head: Pick<Counts, 'minTime' | 'maxTime'>,
  blocks: readonly BlockMeta[],
): Pick<Counts, 'minTime' | 'maxTime'> {
  if (blocks.length === 0) return { minTime: head.minTime, maxTime: head.maxTime };
  return {
    minTime: Math.min(head.minTime ?? Infinity, ...blocks.map(({ minTime }) => minTime)),
    maxTime: Math.max(head.maxTime ?? -Infinity, ...blocks.map(({ maxTime }) => maxTime)),
  };
}
