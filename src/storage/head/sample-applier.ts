import type { AppendCounts, KernelBody } from '../../kernel/index.ts';
import type { SampleBatch } from '../api.ts';
import { OUTCOME_COUNT, SampleOutcome } from '../api.ts';
import type { SampleBatchColumns } from '../sample-batch.ts';
import { SampleBatch as Batch } from '../sample-batch.ts';
import type { CommitBounds } from './commit.ts';
import type { HeadShard } from './head-shard.ts';
import type { HistogramTable } from './histogram-table.ts';
import { ShardSplit } from './shard-split.ts';

/** Gives the float samples of a commit to the shards of their series. */
export class SampleApplier {
  readonly #shards: readonly HeadShard[];
  readonly #histograms: HistogramTable;
  /** Refs that a damaged log gave to a series besides its own. */
  readonly #aliases: ReadonlyMap<number, number>;
  readonly #split: ShardSplit;

  constructor(
    shards: readonly HeadShard[],
    histograms: HistogramTable,
    aliases: ReadonlyMap<number, number>,
  ) {
    this.#shards = shards;
    this.#histograms = histograms;
    this.#aliases = aliases;
    this.#split = new ShardSplit(shards.length);
  }

  /**
   * Stores samples; adds what became of them to `counts`, and returns it by sample where not all
   * were stored. @throws KernelMemoryError where a shard is full; a part is stored then.
   */
  apply(samples: SampleBatch, bounds: CommitBounds, counts: Uint32Array): Uint8Array | undefined {
    if (samples.length === 0) return undefined;
    const named = this.#aliases.size === 0 ? samples : this.#withoutAliases(samples);
    if (this.#shards.length === 1) {
      return this.#append(this.#shards[0]!, named, bounds, counts);
    }
    this.#split.split(named);
    let outcomes: Uint8Array | undefined;
    for (const [number, shard] of this.#shards.entries()) {
      const part = this.#split.parts[number]!;
      if (part.length === 0) continue;
      const found = this.#append(shard, part, bounds, counts);
      if (found === undefined) continue;
      outcomes ??= new Uint8Array(samples.length);
      const places = this.#split.places(number);
      for (let index = 0; index < found.length; index++) outcomes[places[index]!] = found[index]!;
    }
    return outcomes;
  }

  /** Stores samples of a body of a shard, by ref; see `KernelBody.appendRuns`. */
  applyRuns(
    shard: HeadShard,
    body: KernelBody,
    range: { readonly from: number; readonly to: number },
    windowMs: number,
  ): void {
    body.appendRuns(range.from, range.to, windowMs);
    const late = body.outOfOrder();
    if (late.length === 0) return;
    const counts = new Uint32Array(OUTCOME_COUNT);
    const columns = body.columns();
    this.#insertLate(shard, columns, late.slice(), body.outcomes(), counts);
  }

  #append(
    shard: HeadShard,
    columns: SampleBatchColumns & Pick<SampleBatch, 'values'>,
    bounds: CommitBounds,
    counts: Uint32Array,
  ): Uint8Array | undefined {
    const { length } = columns;
    const body = shard.bodyFor(length);
    body.setColumns(columns);
    const found = body.append(bounds);
    addCounts(counts, found);
    if (found[SampleOutcome.STORED] === length) return undefined;
    const outcomes = body.outcomes().slice();
    const late = body.outOfOrder();
    if (late.length > 0) this.#insertLate(shard, columns, late.slice(), outcomes, counts);
    return outcomes;
  }

  /** Late samples of series that have histograms: a time holds one or the other. */
  #insertLate(
    { kernel }: HeadShard,
    { refs, timestamps, words }: SampleBatchColumns,
    late: Uint32Array,
    outcomes: Uint8Array,
    counts: Uint32Array,
  ): void {
    for (const index of late) {
      const ref = refs[index]!;
      const timestamp = timestamps[index]!;
      const isTaken = (this.#histograms.get(ref)?.find(timestamp) ?? -1) >= 0;
      const outcome = isTaken
        ? SampleOutcome.CONFLICT
        : kernel.insertLate(ref, timestamp, words[2 * index]!, words[2 * index + 1]!);
      outcomes[index] = outcome;
      counts[SampleOutcome.OUT_OF_ORDER]!--;
      counts[outcome]!++;
    }
  }

  #withoutAliases(samples: SampleBatch): SampleBatch {
    const batch = new Batch(samples.length);
    batch.setColumns(samples);
    for (let index = 0; index < batch.length; index++) {
      batch.refs[index] = this.#aliases.get(batch.refs[index]!) ?? batch.refs[index]!;
    }
    return batch;
  }
}

function addCounts(counts: Uint32Array, found: AppendCounts): void {
  for (let outcome = 0; outcome < counts.length; outcome++) {
    counts[outcome] = counts[outcome]! + found[outcome]!;
  }
}
