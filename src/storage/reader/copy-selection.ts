import { SampleColumns } from '../../model/index.ts';
import { Pacer } from '../pacer.ts';
import type { HeadSelection } from './head-selection.ts';
import type { LabelColumnsBuilder } from './label-columns.ts';
import type { Lookups } from './lookups.ts';
import type { ReadScope } from './read-scope.ts';
import type { StoreParts } from './store-access.ts';

/** Samples that are copied before anything else may get its turn. */
const COPY_SAMPLES = 64 * 1024;

/** Samples of series one after the other, in the order of the selection. */
export interface FloatColumns {
  readonly samples: SampleColumns;
  /** The samples of series i are `[offsets[i], offsets[i + 1])`. */
  readonly offsets: Float64Array;
}

/** Copies the samples of a selection, in slices. */
export async function copyFloats(
  selection: HeadSelection,
  parts: StoreParts,
  scope: ReadScope,
): Promise<FloatColumns> {
  const samples = new SampleColumns(selection.sampleBound);
  const offsets = new Float64Array(selection.length + 1);
  const pacer = new Pacer(parts.sliceMs);
  let place = 0;
  for (const { shard, refs, caps } of selection.shards) {
    const ends = new Uint32Array(refs.length + 1);
    for (let from = 0; from < refs.length; ) {
      const before = samples.length;
      const to = shard.kernel.readMany(
        { refs, caps },
        from,
        refs.length,
        selection.minTime,
        samples,
        ends,
        COPY_SAMPLES,
      );
      for (; from < to; from++) offsets[++place] = before + ends[from + 1]!;
      if (pacer.dueNow()) await pacer.pause();
      scope.throwIfAborted();
    }
  }
  return { samples, offsets };
}

/** As `copyFloats`, of what lookups find. */
export async function copyFound(
  selection: HeadSelection,
  lookups: Lookups,
  parts: StoreParts,
  scope: ReadScope,
): Promise<FloatColumns> {
  const samples = new SampleColumns(selection.sampleBound);
  const offsets = new Float64Array(selection.length + 1);
  const pacer = new Pacer(parts.sliceMs);
  let place = 0;
  for (const { shard, refs, caps } of selection.shards) {
    for (let at = 0; at < refs.length; at++) {
      const before = samples.length;
      if (lookups.isOne) {
        shard.kernel.readNewest(refs[at]!, selection.minTime, caps[at]!, samples);
      } else {
        shard.kernel.read(refs[at]!, selection.minTime, caps[at]!, samples);
        lookups.keepFound(samples, before);
      }
      offsets[++place] = samples.length;
      if (!pacer.due()) continue;
      await pacer.pause();
      scope.throwIfAborted();
    }
  }
  return { samples, offsets };
}

/** Adds the label sets of a selection. */
export async function addLabels(
  selection: HeadSelection,
  into: LabelColumnsBuilder,
  parts: StoreParts,
  scope: ReadScope,
): Promise<void> {
  const pacer = new Pacer(parts.sliceMs);
  for (const { shard, sets } of selection.shards) {
    for (const set of sets) {
      into.addSet(shard.pairs, set);
      if (!pacer.due()) continue;
      await pacer.pause();
      scope.throwIfAborted();
    }
  }
}
