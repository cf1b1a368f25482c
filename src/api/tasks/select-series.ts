import type { Matcher } from '../../model/index.ts';
import type { TaskContext } from '../../query/index.ts';
import type { SelectHints, SeriesSet } from '../../storage/api.ts';

/**
 * Selects series, reads them with `read`, and closes what was opened. Rejects with the signal's
 * reason when it aborts meanwhile.
 */
export async function withSeries<T>(
  { queryable, signal }: Pick<TaskContext, 'queryable' | 'signal'>,
  matchers: readonly Matcher[],
  hints: SelectHints,
  read: (set: SeriesSet) => Promise<T> | T,
): Promise<T> {
  signal.throwIfAborted();
  const querier = queryable.querier();
  // Closing rejects a selection that is under way.
  const close = (): void => querier.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    return await read(await querier.select(matchers, hints));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', close);
    querier.close();
  }
}

/** The answer of a task that only carries bytes. */
export function bytesAnswer(data: Uint8Array<ArrayBuffer>) {
  return { data, warnings: [], infos: [], stats: undefined };
}
