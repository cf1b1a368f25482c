import { decodeIdentity } from '../../../formats/index.ts';
import { Labels } from '../../../model/index.ts';
import type { Appender, SeriesRef } from '../../../storage/api.ts';
import { refuseTooLarge } from '../label-bounds.ts';

export interface ExpositionTarget {
  readonly appender: Appender;
  /** Labels that overwrite those in the body: name, value, …. */
  readonly labelPairs: readonly string[];
  /** The time of samples that have none, in milliseconds. */
  readonly timestamp: number;
}

/** What the answer says of a body that was decoded. */
export interface DecodedExposition {
  /** Samples and native histograms met. */
  readonly received: number;
  /** Numbers of those left out for the series limit, from 0 in order of the body. */
  readonly skipped: ReadonlySet<number>;
}

/**
 * The ref of the series that `[start, end)` of `bytes` names, `NO_SERIES` where a limit forbids it.
 * @throws ExpositionError where it names none, PushRefusedError where its label set is too large.
 */
export function refOfIdentity(
  { appender, labelPairs }: ExpositionTarget,
  bytes: Uint8Array,
  start: number,
  end: number,
): SeriesRef {
  const own = decodeIdentity(bytes, start, end);
  const labels = labelPairs.length === 0 ? own : Labels.fromPairs([...own.pairs, ...labelPairs]);
  refuseTooLarge(labels);
  return appender.series(labels);
}
