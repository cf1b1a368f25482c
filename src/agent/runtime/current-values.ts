import { BatchColumns } from '../../formats/tide/index.ts';
import { sliceColumns } from '../reads/columns.ts';
import type { SeriesState } from '../sampling/series-state.ts';
import type { GroupRunner } from './group-runner.ts';

/** Reads the sources of the wanted series now; by series, in order. The caller owns the columns. */
export async function currentValues(
  runners: readonly GroupRunner[],
  state: SeriesState,
  wanted: (id: number) => boolean,
): Promise<BatchColumns> {
  const all = new BatchColumns(256);
  await Promise.all(
    runners.map(async (runner) => {
      // Sources whose series are known and not wanted need not be asked.
      const { liveIds } = runner.sampler;
      if (liveIds.length > 0 && !liveIds.some(wanted)) return;
      const columns = await readNow(runner, state, wanted);
      if (columns !== undefined) addWanted(columns, wanted, all);
      else lastValues(liveIds, state, wanted, all);
    }),
  );
  all.sortBySeries();
  return all;
}

/** A reading that is shared has more than what is wanted. */
function addWanted(
  columns: BatchColumns,
  wanted: (id: number) => boolean,
  into: BatchColumns,
): void {
  for (let at = 0; at < columns.length; at++) {
    if (wanted(columns.seriesIds[at]!)) sliceColumns(columns, at, at + 1, into);
  }
}

/** Undefined where a reading is under way already, and what it brings can be told after it. */
async function readNow(
  runner: GroupRunner,
  state: SeriesState,
  wanted: (id: number) => boolean,
): Promise<BatchColumns | undefined> {
  const columns = await runner.readBetween(wanted);
  if (columns !== undefined) return columns;
  // Of a histogram nothing is remembered.
  const isLost = runner.sampler.liveIds.some((id) => wanted(id) && state.isHistogram(id));
  return isLost ? runner.readAfter(wanted) : undefined;
}

/** What was read last, where a reading is under way already. */
function lastValues(
  ids: readonly number[],
  state: SeriesState,
  wanted: (id: number) => boolean,
  into: BatchColumns,
): void {
  const { lastTimes, lastWords } = state;
  for (const id of ids) {
    const place = wanted(id) ? state.placeIfKnown(id) : undefined;
    if (place === undefined || !state.hasFloat(place)) continue;
    const at = into.length;
    into.pushValue(id, lastTimes[place]!, 0);
    into.words[2 * at] = lastWords[2 * place]!;
    into.words[2 * at + 1] = lastWords[2 * place + 1]!;
  }
}
