import { expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { TroubleLog } from './trouble-log.ts';

test('the first line comes at once, the rest of ten seconds is counted in the next', async () => {
  const lines: unknown[] = [];
  const logger: Logger = Object.assign(Object.create(silentLogger) as Logger, {
    error: (fields: unknown) => lines.push(fields),
  });
  const clock = new FakeClock();
  const log = new TroubleLog(logger, clock);
  const full = { code: 'storage_full', error: 'no space' };
  for (let index = 0; index < 100; index++) log.report(full, 'not stored');
  expect(lines).toEqual([full]);
  log.report({ code: 'storage_failed', error: 'io' }, 'not stored');
  expect(lines).toHaveLength(2);
  await clock.advance(10_000);
  log.report(full, 'not stored');
  expect(lines[2]).toEqual({ ...full, sinceLastLine: 99 });
  await clock.advance(10_000);
  log.report(full, 'not stored');
  expect(lines[3]).toEqual(full);
});
