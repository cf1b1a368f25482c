import { OUTCOME_COUNT, SampleOutcome } from '../../storage/api.ts';
import type { RejectReason } from './metrics.ts';

/** Why a sample of an outcome was refused; undefined where it was not. Indexed by outcome. */
export const REJECT_REASONS: readonly (RejectReason | undefined)[] = Array.from(
  { length: OUTCOME_COUNT },
  (_, outcome) => reasonOf(outcome as SampleOutcome),
);

function reasonOf(outcome: SampleOutcome): RejectReason | undefined {
  switch (outcome) {
    case SampleOutcome.STORED:
    case SampleOutcome.DUPLICATE:
      return undefined;
    case SampleOutcome.CONFLICT:
      return 'conflict';
    case SampleOutcome.OUT_OF_ORDER:
      return 'out_of_order';
    case SampleOutcome.OUT_OF_BOUNDS:
      return 'out_of_bounds';
    case SampleOutcome.UNKNOWN_SERIES:
      return 'unknown_series';
  }
}

/** The refs, `refs[i]` being that of `outcomes[i]`, that the store does not know any more. */
export function refsOfUnknown(
  outcomes: Uint8Array | undefined,
  refs: ArrayLike<number>,
): Set<number> {
  const unknown = new Set<number>();
  outcomes?.forEach((outcome, index) => {
    const ref = refs[index];
    if (outcome === SampleOutcome.UNKNOWN_SERIES && ref !== undefined) unknown.add(ref);
  });
  return unknown;
}
