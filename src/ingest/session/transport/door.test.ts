import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { Labels } from '../../../model/index.ts';
import { FakeClock } from '../../../util/index.ts';
import type { Credentials } from '../identity/index.ts';
import { agentsOptionsSchema } from '../options.ts';
import type { SessionServer } from '../session-server.ts';
import { Door } from './door.ts';
import { ConnectionRefusedError } from './refusal.ts';

const REQUEST = { headers: {}, socket: {} } as IncomingMessage;

function setUp(options: Record<string, unknown>, sessions: Partial<SessionServer> = {}) {
  const clock = new FakeClock(0);
  const door = new Door(
    { isClosing: false, connectionCount: 0, ...sessions } as SessionServer,
    { check: () => ({ agentId: undefined, labels: Labels.EMPTY }) } as unknown as Credentials,
    clock,
    agentsOptionsSchema.parse(options),
  );
  /** Seconds that it says to wait; 0 where one is let in. */
  const knock = (): number => {
    try {
      door.enter(REQUEST);
      return 0;
    } catch (error) {
      if (!(error instanceof ConnectionRefusedError)) throw error;
      expect(error.statusCode).toBe(503);
      return error.retryAfterSeconds ?? expect.fail('no time to wait');
    }
  };
  return { clock, knock };
}

test('those refused get turns one after the other, as many a second as are let in', () => {
  const { knock } = setUp({ accept_per_second: 2, accept_burst: 3 });
  expect(Array.from({ length: 3 }, knock)).toEqual([0, 0, 0]);
  expect(Array.from({ length: 6 }, knock)).toEqual([1, 1, 2, 2, 3, 3]);
});

test('whoever comes back at the turn that he was given is let in', async () => {
  const { clock, knock } = setUp({ accept_per_second: 10, accept_burst: 1 });
  expect(knock()).toBe(0);
  const waits = Array.from({ length: 50 }, knock);
  let atMs = 0;
  let again = 0;
  for (const waitSeconds of waits.toSorted((a, b) => a - b)) {
    // Ten a second may come; told in whole seconds, they spread over it as their clocks differ.
    const turnMs = Math.max(atMs + 100, waitSeconds * 1000);
    await clock.advance(turnMs - atMs);
    atMs = turnMs;
    if (knock() > 0) again++;
  }
  expect(again).toBe(0);
  expect(atMs).toBeLessThanOrEqual(6000);
});

test('turns that have passed are not waited for again, and none is further off than a minute', async () => {
  const { clock, knock } = setUp({ accept_per_second: 1, accept_burst: 1 });
  knock();
  for (let count = 0; count < 200; count++) expect(knock()).toBeLessThanOrEqual(60);
  expect(knock()).toBe(60);
  await clock.advance(120_000);
  expect(knock()).toBe(0);
  expect(knock()).toBe(1);
});

test('a collector that stops, or is full, says when to come again', () => {
  expect(setUp({ reconnect_spread_ms: 2500 }, { isClosing: true }).knock()).toBe(3);
  expect(setUp({ max_sessions: 5 }, { connectionCount: 5 }).knock()).toBe(60);
});
