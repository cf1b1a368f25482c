import type { Kernel } from '../../kernel/index.ts';
import type { HistogramView } from '../head/histogram-timeline.ts';
import type { RemovalCount } from '../head/removal-count.ts';

/** What reading takes of the head; on the thread that writes it. */
export interface HeadSource {
  /** In order of their numbers; the label index lies in the memory of each. */
  readonly shards: readonly { readonly kernel: Kernel }[];
  readonly removals: RemovalCount;
  /** The histograms of a series, undefined where it has none. */
  histograms(ref: number): HistogramView | undefined;
}

/** Which histogram samples: those of `refs[i]` from `minTime` to `caps[i]`. */
export interface HistogramRequest {
  readonly refs: Uint32Array<ArrayBuffer>;
  readonly caps: Float64Array<ArrayBuffer>;
  readonly minTime: number;
  /** More than so many samples are refused with `SelectLimitError`. */
  readonly maxSamples: number;
  /** As `SelectHints.lookupTimes`. */
  readonly lookupTimes?: Float64Array | undefined;
}
