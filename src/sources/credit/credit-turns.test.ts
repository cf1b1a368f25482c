import { expect, test } from 'vitest';
import { CreditTurns } from './credit-turns.ts';

/** Those whose turn it is, and what each sends comes in at once. */
function served(turns: CreditTurns<string>, windowBytes: number, nowMs: number): string[] {
  const names: string[] = [];
  for (;;) {
    const name = turns.next(windowBytes, nowMs);
    if (name === undefined) return names;
    names.push(name);
    turns.queued(name, 100);
  }
}

test('as many as the window has room for, the longest waiting first, then those behind them', () => {
  const turns = new CreditTurns<string>();
  for (const [at, name] of ['a', 'b', 'c', 'd', 'e'].entries()) turns.ask(name, at);
  expect(turns.waitedMs(50)).toBe(50);
  expect(served(turns, 300, 50)).toEqual(['a', 'b', 'c']);
  expect(turns.queuedBytes).toBe(300);
  turns.ask('a', 60);
  turns.ask('d', 60);
  expect(turns.waitedMs(60)).toBe(60);
  turns.done(100);
  expect(served(turns, 300, 60)).toEqual(['d']);
  turns.done(200);
  expect(served(turns, 300, 70)).toEqual(['e', 'a']);
  expect(turns.waitedMs(70)).toBe(0);
});

test('one goes on however small the window is, but not before it is empty', () => {
  const turns = new CreditTurns<string>();
  turns.ask('a', 0);
  turns.ask('b', 0);
  expect(served(turns, 0, 0)).toEqual(['a']);
  turns.done(100);
  expect(served(turns, 0, 0)).toEqual(['b']);
});

test('what was granted and has not come yet takes room, for a while', () => {
  const turns = new CreditTurns<string>();
  for (const name of ['a', 'b', 'c', 'd']) {
    turns.queued(name, 100);
    turns.done(100);
    turns.ask(name, 0);
  }
  expect(turns.next(150, 0)).toBe('a');
  expect(turns.next(150, 0)).toBe('b');
  expect(turns.next(150, 100)).toBeUndefined();
  // A later one came: the earlier has nothing to send.
  turns.queued('b', 100);
  turns.done(100);
  expect(turns.next(100, 40)).toBeUndefined();
  // The two were granted in the same moment, so that says nothing yet.
  expect(turns.next(100, 60)).toBeUndefined();
  expect(turns.next(100, 250)).toBe('c');
  // Nothing comes of anybody: they may all stand still.
  expect(turns.next(100, 400)).toBeUndefined();
  expect(turns.next(100, 500)).toBe('d');
});

test('a session that is over takes no room and has no turn', () => {
  const turns = new CreditTurns<string>();
  for (const name of ['a', 'b', 'c']) {
    turns.queued(name, 100);
    turns.done(100);
    turns.ask(name, 0);
  }
  expect(turns.next(100, 0)).toBe('a');
  turns.leave('a');
  turns.leave('b');
  expect(turns.next(100, 0)).toBe('c');
  expect(turns.waitingCount).toBe(0);
});
