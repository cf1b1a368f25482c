/** Blocks that are cut from the head hold what lies between two multiples of this. */
export const BLOCK_RANGE_MS = 2 * 3_600_000;

/** The multiple of the range at or before a time. */
export function alignToRange(time: number): number {
  return Math.floor(time / BLOCK_RANGE_MS) * BLOCK_RANGE_MS;
}
