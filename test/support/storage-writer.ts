import { Labels } from '../../src/model/index.ts';
import { openStorage } from '../../src/storage/index.ts';

/**
 * A program that writes to a store until it is killed. For each commit it prints `N` and a newline
 * when, and only when, commit N is acknowledged. Commit N holds, for series i of 20, the value
 * N at time start + N steps, and N as keyed state. Arguments: folder, start time, first N, fsync,
 * step in ms. Where a step is long it has the store cut and merge blocks all the time.
 */
const [dataDir = '', startText, firstText, fsync, stepText] = process.argv.slice(2);
const start = Number(startText);
const stepMs = Number(stepText);

const storage = await openStorage({
  data_dir: dataDir,
  fsync: fsync === 'none' ? 'none' : 'group',
  // Small, so that being killed while segments and checkpoints change is common.
  wal_segment_bytes: 16 * 1024,
  checkpoint_bytes: 64 * 1024,
  out_of_order_window_ms: 0,
});

async function commit(number: number): Promise<void> {
  const appender = storage.appender();
  for (let index = 0; index < 20; index++) {
    const labels = Labels.fromObject({ __name__: 'written', index: String(index) });
    appender.samples.push(appender.series(labels), start + number * stepMs, number);
  }
  appender.putState('writer/last', new TextEncoder().encode(String(number)));
  await appender.commit();
  process.stdout.write(`${number}\n`);
}

let maintaining = Promise.resolve();
for (let number = Number(firstText); ; number += 4) {
  await Promise.all([number, number + 1, number + 2, number + 3].map(commit));
  if (stepMs > 1000 && number % 20 < 4) {
    maintaining = maintaining.then(() => storage.maintain());
  }
}
