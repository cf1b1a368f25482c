import type { KernelHandle, KernelReader } from '../../kernel/index.ts';
import { connectKernelReader } from '../../kernel/index.ts';
import type { FloatHistogram } from '../../model/index.ts';
import { SeriesIndexReader } from '../index/series-index-reader.ts';
import type { HeadMoment } from './head-state.ts';
import { HeadState } from './head-state.ts';

/** All that a thread needs to read the head in place. To be posted as it is; nothing moves. */
export interface HeadHandle {
  /** One for each shard; the label index lies in the same memory, at its roots. */
  readonly shards: readonly KernelHandle[];
  readonly state: SharedArrayBuffer;
}

/** One shard, on the thread that reads it. */
export interface ShardView {
  readonly kernel: KernelReader;
  /** To be used between `begin` and `end` of the view only. */
  readonly index: SeriesIndexReader;
}

/** Which histogram samples are asked for: those of `refs[i]` within the times, up to `caps[i]`. */
export interface HistogramRequest {
  readonly refs: Uint32Array;
  readonly caps: Float64Array;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Histogram samples of one series, ascending; undefined is a staleness marker. */
export interface HistogramRun {
  readonly timestamps: readonly number[];
  readonly histograms: readonly (FloatHistogram | undefined)[];
}

/**
 * The histograms of the head, which are not in its memory: `Head` itself where it is written,
 * a port elsewhere. One run for each ref, in their order, empty where there is none.
 */
export interface HistogramSource {
  histograms(request: HistogramRequest): Promise<readonly HistogramRun[]>;
}

/** Refs go to shards by 1,024 in turn; a series stays where its ref puts it. */
export const SHARD_SHIFT = 10;

export function shardOf(ref: number, shardCount: number): number {
  return (ref >>> SHARD_SHIFT) % shardCount;
}

/**
 * The head as one thread reads it. `begin` comes before anything is looked up or read, `end` after
 * the last; they nest. Between them nothing that can be found is freed, and no cut drops samples
 * that the moment of `begin` shows.
 */
export class HeadView {
  readonly shards: readonly ShardView[];
  readonly state: HeadState;
  readonly #commits: () => Uint32Array;
  #depth = 0;

  constructor({ shards, state }: HeadHandle) {
    this.shards = shards.map((handle) => {
      const kernel = connectKernelReader(handle);
      return { kernel, index: new SeriesIndexReader(kernel.slab()) };
    });
    this.state = new HeadState(state);
    this.#commits = () => Uint32Array.from(this.shards, ({ kernel }) => kernel.commit());
  }

  /** After `begin`: commits, floor and version of the list of blocks at one moment. */
  moment(): HeadMoment {
    return this.state.read(this.#commits);
  }

  shard(ref: number): ShardView {
    return this.shards[shardOf(ref, this.shards.length)]!;
  }

  begin(): void {
    if (this.#depth++ > 0) return;
    for (const { kernel } of this.shards) kernel.begin();
  }

  end(): void {
    if (--this.#depth > 0) return;
    for (const { kernel } of this.shards) kernel.end();
  }

  close(): void {
    for (const { kernel } of this.shards) kernel.close();
  }
}
