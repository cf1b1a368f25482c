import type { KernelHandle, KernelReader } from '../../kernel/index.ts';
import { connectKernelReader } from '../../kernel/index.ts';
import { IndexView } from '../index/index-view.ts';
import { SeriesIndexReader } from '../index/series-index-reader.ts';
import type { PairSource } from './label-columns.ts';

/** One shard of the head as a thread reads it. */
export interface ShardAccess {
  readonly kernel: KernelReader;
  readonly index: SeriesIndexReader;
  /** The label sets of the index, by the numbers that `index.setsOf` gives. */
  readonly pairs: PairSource;
}

/**
 * The head as one thread reads it, in place. Nothing is looked at before `begin`: from there to
 * `end` nothing that can be found is freed, and cuts wait. Reads may overlap.
 */
export class HeadAccess {
  readonly shards: readonly ShardAccess[];
  #readCount = 0;
  #onIdle: (() => void)[] = [];

  constructor(handles: readonly KernelHandle[]) {
    this.shards = handles.map((handle) => {
      const kernel = connectKernelReader(handle);
      const slab = kernel.slab();
      const view = new IndexView(slab);
      return { kernel, index: new SeriesIndexReader(slab, view), pairs: new IndexPairs(view) };
    });
  }

  /** Samples in all shards. */
  sampleTotal(): number {
    let total = 0;
    for (const { kernel } of this.shards) total += kernel.sampleTotal();
    return total;
  }

  begin(): void {
    if (this.#readCount++ > 0) return;
    for (const { kernel } of this.shards) kernel.begin();
  }

  end(): void {
    if (--this.#readCount > 0) return;
    for (const { kernel } of this.shards) kernel.end();
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when no read is under way. */
  async idle(): Promise<void> {
    if (this.#readCount === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** The last commit that is finished in every shard: they count alike. After `begin`. */
  commit(): number {
    let least = this.shards[0]!.kernel.commit();
    for (let index = 1; index < this.shards.length; index++) {
      const commit = this.shards[index]!.kernel.commit();
      // The numbers wrap.
      if (((commit - least) | 0) < 0) least = commit;
    }
    return least;
  }
}

class IndexPairs implements PairSource {
  readonly #view: IndexView;

  constructor(view: IndexView) {
    this.#view = view;
  }

  get pairNumbers(): Uint32Array {
    return this.#view.sets.pairs;
  }

  readSet(set: number): number {
    return set === 0 ? 0 : this.#view.sets.read(set);
  }

  pairName(pair: number): string {
    return this.#view.symbols.text(this.#view.pairs.name(pair));
  }

  pairValue(pair: number): string {
    return this.#view.symbols.text(this.#view.pairs.value(pair));
  }
}
