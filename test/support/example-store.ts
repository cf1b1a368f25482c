import { Labels } from '../../src/model/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { fixedOpenStorage } from './captured-data.ts';
import type { TemporaryStorage } from './temporary-storage.ts';

/** The time of the last samples of `openExampleStore`, in milliseconds. */
export const EXAMPLE_NOW_MS = 1_700_000_060_000;

const STEP_MS = 15_000;

/** The store that the examples of the documents are asked of: two series of `up`, metadata. */
export async function openExampleStore(): Promise<TemporaryStorage & { clock: FakeClock }> {
  const store = await fixedOpenStorage();
  const appender = store.storage.appender();
  const series = [
    { __name__: 'up', instance: '127.0.0.1:9100', job: 'node' },
    { __name__: 'up', instance: '127.0.0.1:9095', job: 'tidegauge' },
  ];
  for (const labels of series) {
    const ref = appender.series(Labels.fromObject(labels));
    for (let time = EXAMPLE_NOW_MS - 4 * STEP_MS; time <= EXAMPLE_NOW_MS; time += STEP_MS) {
      appender.samples.push(ref, time, 1);
    }
  }
  const help = 'Whether the last scrape went well.';
  appender.setMetadata('up', { type: 'gauge', help, unit: '' });
  await appender.commit();
  return Object.assign(store, { clock: new FakeClock(EXAMPLE_NOW_MS) });
}
