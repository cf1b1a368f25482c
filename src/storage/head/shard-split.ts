import type { SampleBatch } from '../api.ts';
import { SampleBatch as Batch } from '../sample-batch.ts';
import { shardOf } from './shard-of.ts';

/** Samples by the shards of their series; used again for the next ones. */
export class ShardSplit {
  /** The samples of each shard, in the order in which they were. */
  readonly parts: readonly SampleBatch[];
  readonly #places: Uint32Array[];

  constructor(shardCount: number) {
    this.parts = Array.from({ length: shardCount }, () => new Batch(0));
    this.#places = this.parts.map(() => new Uint32Array(0));
  }

  /** Which of all samples each of a part is. */
  places(shard: number): Uint32Array {
    return this.#places[shard]!;
  }

  split({ refs, timestamps, words, length }: SampleBatch): void {
    const shardCount = this.parts.length;
    for (const [number, part] of this.parts.entries()) {
      part.reset();
      if (this.#places[number]!.length < length) this.#places[number] = new Uint32Array(length);
    }
    for (let index = 0; index < length; index++) {
      const ref = refs[index]!;
      const number = shardOf(ref, shardCount);
      const part = this.parts[number]!;
      this.#places[number]![part.length] = index;
      part.pushBits(ref, timestamps[index]!, words[2 * index]!, words[2 * index + 1]!);
    }
  }
}
