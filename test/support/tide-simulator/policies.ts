import type { GroupPolicy } from '../../../src/formats/tide/index.ts';
import { EVENT_GROUP, INTERVAL_MS, LIVE_GROUP } from './truth.ts';

/** What the live group is sampled by. */
export const LIVE_POLICY = policyOf(LIVE_GROUP, INTERVAL_MS);
export const GROUPS: readonly GroupPolicy[] = [LIVE_POLICY, policyOf(EVENT_GROUP, 0)];

function policyOf(group: number, intervalMs: number): GroupPolicy {
  return {
    group,
    name: `group ${group}`,
    selector: '',
    intervalMs,
    anchorMs: 0,
    mode: 'ON_CHANGE',
    toleranceId: 1,
    priority: 'B',
    batchTicks: 1,
    syncTicks: 20,
    dampeningMs: 0,
  };
}
