import type { GroupPolicy, Tolerance } from '../../formats/tide/index.ts';
import { hashBytes } from '../../formats/tide/index.ts';
import type { WideTolerance } from '../sampling/suppression.ts';
import type { GroupSetup } from './runtime-options.ts';

/** The group of `event()`: its ticks are counted, not timed. */
export const EVENT_GROUP = 0;

/** A group of class B is read within this time after its tick, so that agents spread. */
const SPREAD_MS_MAX = 50;
const TWO_POWER_32 = 2 ** 32;

/** What is declared of the group of events. */
export const EVENT_POLICY: GroupPolicy = {
  group: EVENT_GROUP,
  name: 'event',
  selector: '',
  intervalMs: 0,
  anchorMs: 0,
  mode: 'SAMPLE',
  toleranceId: 0,
  priority: 'A',
  batchTicks: 1,
  syncTicks: 0,
  dampeningMs: 0,
};

/** What may be left out of a group at all times; undefined where only what stands still. */
export function toleranceOf({ tolerance }: GroupSetup, id: number): Tolerance | undefined {
  // Of 0 only what stands still is left out, which needs no line along which counters are carried.
  if (tolerance === undefined || tolerance.value === 0) return undefined;
  return { id, kind: tolerance.kind, value: tolerance.value };
}

/** Ids of what is permitted under pressure: apart from those of the tolerances themselves. */
export const WIDE_IDS = 2 ** 31;

/** What may be left out of a group under pressure; undefined where that is nothing more. */
export function wideOf(setup: GroupSetup, group: number): WideTolerance | undefined {
  const { tolerance, mode } = setup;
  if (tolerance === undefined) return undefined;
  const { kind, value, max = value } = tolerance;
  // On change with that very tolerance already: there is nothing more to leave out.
  if (max === 0 || (mode !== 'SAMPLE' && max <= value)) return undefined;
  const id = WIDE_IDS + group;
  return { tolerance: { id, kind, value: Math.max(value, max) }, syncTicks: syncTicksOf(setup) };
}

function syncTicksOf({ syncMs, intervalMs }: GroupSetup): number {
  return Math.max(1, Math.round(syncMs / intervalMs));
}

/** A group's policy as it is configured here, whatever the collector makes of it. */
export function policyOf(
  setup: GroupSetup,
  group: number,
  name: string,
  toleranceId: number,
): GroupPolicy {
  const { intervalMs, anchorMs, mode, priority, batchTicks, dampeningMs = 0 } = setup;
  return {
    group,
    name,
    selector: name,
    intervalMs,
    anchorMs,
    mode,
    toleranceId,
    priority,
    batchTicks,
    syncTicks: mode === 'SAMPLE' ? 0 : syncTicksOf(setup),
    dampeningMs: mode === 'SAMPLE' ? 0 : dampeningMs,
  };
}

/** How long after its tick an agent reads a group; 0 for what is urgent. */
export function spreadMs({ intervalMs, priority }: GroupPolicy, agentId: string): number {
  if (priority === 'A') return 0;
  const mostMs = priority === 'C' ? intervalMs / 2 : Math.min(SPREAD_MS_MAX, intervalMs / 20);
  return Math.floor(placeOf(agentId) * mostMs);
}

/** The place of an agent among all, 0 to below 1: so that they do not all send at once. */
function placeOf(agentId: string): number {
  return hashBytes(new TextEncoder().encode(agentId)).low / TWO_POWER_32;
}
