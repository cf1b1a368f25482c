import { hashBytes } from './content-hash.ts';
import type { GroupPolicy, Tolerance } from './policy.ts';
import type { Hash64, PriorityClass } from './schema-change.ts';

/**
 * Hash of what a policy asks for, or of what came of it: both ends take it over the same groups, so
 * an agent that reports the hash it was sent does all that was asked, and another one does less.
 * Names, selectors and the grid (interval of a tick, anchor) are not part of it.
 */
export function policyHash(
  groups: readonly GroupPolicy[],
  toleranceOf: (id: number) => Tolerance | undefined,
  shedOrder: readonly PriorityClass[],
): Hash64 {
  const rows = groups
    .toSorted((a, b) => a.group - b.group)
    .map(({ group, intervalMs, mode, toleranceId, priority, ...rest }) => {
      const { batchTicks, syncTicks, dampeningMs } = rest;
      const tolerance = mode === 'SAMPLE' ? undefined : toleranceOf(toleranceId);
      return [
        ...[group, intervalMs, mode, tolerance?.kind ?? '', tolerance?.value ?? 0],
        ...[priority, batchTicks, syncTicks, dampeningMs],
      ];
    });
  return hashBytes(new TextEncoder().encode(JSON.stringify([rows, shedOrder])));
}
