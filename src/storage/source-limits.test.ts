import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../test/support/memory-file-system.ts';
import { Labels } from '../model/index.ts';
import { FakeClock } from '../util/index.ts';
import { NO_SERIES } from './api.ts';
import { openStorage } from './open-storage.ts';
import { SourceLimits } from './source-limits.ts';

const NOW = 1_700_000_000_000;

function numbered(index: number): Labels {
  return Labels.fromObject({ __name__: 'm', index: String(index) });
}

test('a series counts for one source, until it is gone', () => {
  const limits = new SourceLimits(2);
  limits.claim(1, 'a');
  limits.claim(1, 'b');
  limits.claim(5000, 'a');
  limits.claim(2, undefined);
  expect([limits.count('a'), limits.count('b')]).toEqual([2, 0]);
  expect([limits.allows('a', 0), limits.allows('b', 1), limits.allows('b', 2)]).toEqual([
    false,
    true,
    false,
  ]);
  limits.forget([1, 2, 3]);
  expect([limits.count('a'), limits.allows('a', 0)]).toEqual([1, true]);
  limits.claim(1, 'b');
  expect(limits.count('b')).toBe(1);
});

test('a source that has its series keeps them and gets no more; others go on', async () => {
  const environment = { files: new MemoryFileSystem(), clock: new FakeClock(NOW) };
  const open = (): ReturnType<typeof openStorage> =>
    openStorage({ data_dir: 'data', max_series_per_source: 2 }, environment);
  const storage = await open();
  const first = storage.appender({ source: 'a' });
  const refs = [0, 1, 2].map((index) => first.series(numbered(index)));
  expect(refs.map((ref) => ref === NO_SERIES)).toEqual([false, false, true]);
  // What is on its way counts already.
  const beside = storage.appender({ source: 'a' });
  expect(beside.series(numbered(3))).toBe(NO_SERIES);
  beside.rollback();
  for (const ref of refs) if (ref !== NO_SERIES) first.samples.push(ref, NOW, 1);
  await first.commit();
  const other = storage.appender({ source: 'b' });
  const unnamed = storage.appender();
  expect(other.series(numbered(3))).not.toBe(NO_SERIES);
  expect(unnamed.series(numbered(4))).not.toBe(NO_SERIES);
  other.rollback();
  unnamed.rollback();
  expect(storage.counters().seriesRefused).toBe(2);
  await storage.close();
  // After a restart they are the source's again as soon as it asks for them.
  const again = await open();
  const later = again.appender({ source: 'a' });
  expect([0, 1, 2].map((index) => later.series(numbered(index)) === NO_SERIES)).toEqual([
    false,
    false,
    true,
  ]);
  later.rollback();
  await again.close();
});
