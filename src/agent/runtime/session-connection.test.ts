import { expect, test } from 'vitest';
import type { Logger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { DEFAULT_RECONNECT, Reconnect } from '../connection/reconnect.ts';
import type { TransportEvents } from '../connection/transport.ts';
import { SessionConnection, UNANSWERED } from './session-connection.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Fails to connect for so long, for these reasons in turn; what the log says. */
async function reasonsSaid(forMs: number, reasonOf: (attempt: number) => string) {
  const clock = new FakeClock();
  const said: string[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    warn: ({ reason }) => said.push(String(reason)),
    error() {},
    child: () => logger,
  };
  let attempts = 0;
  const connection = new SessionConnection({
    ...{ clock, logger },
    connect: (_kind, events: TransportEvents) => {
      const reason = reasonOf(attempts++);
      clock.setTimer(1, () => events.closed({ reason, ...UNANSWERED }));
      return { send() {}, close() {}, abort() {}, bufferedBytes: 0 };
    },
    reconnect: new Reconnect({ ...DEFAULT_RECONNECT, random: () => 0.5 }),
    onOpened() {},
    onFrames() {},
    onClosed: (end) => connection.comeAgain(end, undefined),
  });
  connection.open();
  for (let ms = 0; ms < forMs; ms += 1000) await clock.advance(1000);
  connection.stop();
  return { said, attempts };
}

test('reasons that take turns are said once each, and again after an hour', async () => {
  const { said, attempts } = await reasonsSaid(HOUR_MS + 60_000, (at) => `reason ${at % 2}`);
  expect(attempts).toBeGreaterThan(1000);
  expect(said.slice(0, 2)).toEqual(['reason 0', 'reason 1']);
  expect(said.slice(2).toSorted()).toEqual(['reason 0', 'reason 1']);
});

test('a reason that names the time is the same a moment later', async () => {
  const { said } = await reasonsSaid(
    60_000,
    (at) => `expired as it is ${new Date(at * DAY_MS).toISOString()} here`,
  );
  expect(said).toEqual(['expired as it is 1970-01-01T00:00:00.000Z here']);
});
