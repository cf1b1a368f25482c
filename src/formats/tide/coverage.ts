import type { ByteWriter } from '../../util/index.ts';
import { assert } from '../../model/index.ts';
import type { WireReader } from '../protobuf/wire-reader.ts';
import { TideFormatError } from './errors.ts';
import { COVERAGE_ENTRIES_MAX } from './limits.ts';
import { uintUpTo } from './reading.ts';
import type { CoverageEntry, CoverageStatus, SkipReason } from './coverage-entry.ts';

const STATUSES: readonly CoverageStatus[] = ['FULL', 'ON_CHANGE', 'PARTIAL', 'SKIPPED'];
const REASONS: readonly SkipReason[] = [
  ...(['NONE', 'TARGET_FAILED', 'OVERRUN', 'PAUSED', 'SHED', 'CLOCK_STEP', 'LIMIT'] as const),
];

const U32_MAX = 2 ** 32 - 1;
/** Series × ticks stays a whole number exactly. */
const ENTRY_TICKS_MAX = 2 ** 24;
const ENTRY_SERIES_MAX = 2 ** 24;
const PARTS_MAX = 65_536;

// Bits 0-1 of an entry's first number are the status, bit 2 says that it is one of several parts,
// the rest is the reason.
const HAS_PARTS = 4;
const REASON_SHIFT = 3;

export function ticksOf({ tickFrom, tickTo }: CoverageEntry): number {
  return tickTo - tickFrom + 1;
}

/** What is wrong with an entry: the arithmetic of its counts, or a status that they belie. */
export function coverageProblem(entry: CoverageEntry): string | undefined {
  const { status, reason, part, parts, seriesCount } = entry;
  const { presentCount, suppressedCount, shedCount, failedCount } = entry;
  const ticks = ticksOf(entry);
  if (ticks < 1 || ticks > ENTRY_TICKS_MAX) return `${ticks} ticks`;
  if (parts < 1 || part >= parts) return `part ${part} of ${parts}`;
  const accounted = presentCount + suppressedCount + shedCount + failedCount;
  if (presentCount < 0 || accounted !== seriesCount * ticks) {
    return `${accounted} samples accounted for, wanted ${seriesCount} at ${ticks} ticks`;
  }
  if (status === 'FULL' && presentCount !== accounted) {
    return `status FULL with ${presentCount} of ${accounted} present`;
  }
  if (status !== 'ON_CHANGE' && suppressedCount > 0) {
    return `${suppressedCount} suppressed in status ${status}`;
  }
  if (status === 'SKIPPED' && (presentCount > 0 || reason === 'NONE')) {
    return `status SKIPPED with ${presentCount} present, reason ${reason}`;
  }
  return undefined;
}

/** Writes the entries: a count, then each. `presentCount` is what the others leave. */
export function encodeCoverage(writer: ByteWriter, entries: readonly CoverageEntry[]): void {
  assert(entries.length <= COVERAGE_ENTRIES_MAX, `${entries.length} coverage entries`);
  writer.uint(entries.length);
  for (const entry of entries) {
    const problem = coverageProblem(entry);
    assert(problem === undefined, `coverage of group ${entry.group}: ${problem}`);
    const parted = entry.parts > 1;
    const reason = REASONS.indexOf(entry.reason) * 2 ** REASON_SHIFT;
    writer.uint(STATUSES.indexOf(entry.status) + (parted ? HAS_PARTS : 0) + reason);
    writer.uint(entry.group);
    writer.uint(entry.tickFrom);
    writer.uint(ticksOf(entry) - 1);
    if (parted) {
      writer.uint(entry.part);
      writer.uint(entry.parts);
    }
    if (entry.status === 'ON_CHANGE') writer.uint(entry.toleranceId);
    writer.uint(entry.seriesCount);
    if (entry.status === 'FULL') continue;
    if (entry.status === 'ON_CHANGE') writer.uint(entry.suppressedCount);
    writer.uint(entry.shedCount);
    writer.uint(entry.failedCount);
  }
}

export function decodeCoverage(source: WireReader): CoverageEntry[] {
  const count = uintUpTo(source, COVERAGE_ENTRIES_MAX, 'coverage entries');
  const entries: CoverageEntry[] = [];
  for (let index = 0; index < count; index++) {
    const entry = decodeEntry(source);
    const problem = coverageProblem(entry);
    if (problem !== undefined) {
      throw new TideFormatError('tide_coverage', `coverage of group ${entry.group}: ${problem}`);
    }
    entries.push(entry);
  }
  return entries;
}

function decodeEntry(source: WireReader): CoverageEntry {
  const kind = uintUpTo(source, REASONS.length * 2 ** REASON_SHIFT - 1, 'kind of coverage');
  const status = STATUSES[kind & 3]!;
  const group = uintUpTo(source, U32_MAX, 'group');
  const tickFrom = uintUpTo(source, Number.MAX_SAFE_INTEGER - ENTRY_TICKS_MAX, 'tick');
  const ticks = uintUpTo(source, ENTRY_TICKS_MAX - 1, 'ticks') + 1;
  const parted = (kind & HAS_PARTS) !== 0;
  const part = parted ? uintUpTo(source, PARTS_MAX, 'part') : 0;
  const parts = parted ? uintUpTo(source, PARTS_MAX, 'parts') : 1;
  const suppressing = status === 'ON_CHANGE';
  const toleranceId = suppressing ? uintUpTo(source, U32_MAX, 'tolerance') : 0;
  const seriesCount = uintUpTo(source, ENTRY_SERIES_MAX, 'series of a group');
  const scheduled = seriesCount * ticks;
  const suppressedCount = suppressing ? uintUpTo(source, scheduled, 'suppressed') : 0;
  const shedCount = status === 'FULL' ? 0 : uintUpTo(source, scheduled, 'shed');
  const failedCount = status === 'FULL' ? 0 : uintUpTo(source, scheduled, 'failed');
  const presentCount = scheduled - suppressedCount - shedCount - failedCount;
  const tickTo = tickFrom + ticks - 1;
  const reason = REASONS[kind >>> REASON_SHIFT]!;
  // One literal: spreads cost more than the reading, and each batch has an entry.
  // biome-ignore format: a line for each field would be long
  return {
    group, tickFrom, tickTo, status, toleranceId, reason, part, parts,
    seriesCount, presentCount, suppressedCount, shedCount, failedCount,
  };
}
