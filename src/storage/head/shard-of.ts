/** Refs go to shards by 1,024 in turn, so that logs can be replayed with any number of shards. */
const SHARD_SHIFT = 10;

/** The shard that holds a series: known from its ref alone. */
export function shardOf(ref: number, shardCount: number): number {
  return (ref >>> SHARD_SHIFT) % shardCount;
}
