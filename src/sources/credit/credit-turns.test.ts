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

test('however small the window is, one comes while another is stored', () => {
  const turns = new CreditTurns<string>();
  for (const name of ['a', 'b', 'c']) turns.ask(name, 0);
  expect(served(turns, 0, 0)).toEqual(['a', 'b']);
  turns.done(100);
  expect(served(turns, 0, 0)).toEqual(['c']);
});

test('what was granted and has not come yet takes room, for a while', () => {
  const turns = new CreditTurns<string>();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    turns.queued(name, 100);
    turns.done(100);
    turns.ask(name, 0);
  }
  const next = (nowMs: number): string | undefined => turns.next(300, nowMs);
  expect([next(0), next(0), next(10), next(20)]).toEqual(['a', 'b', 'c', undefined]);
  turns.queued('c', 100);
  turns.done(100);
  expect([next(40), next(49)]).toEqual(['d', undefined]);
  // What was granted later than theirs came: the first two have nothing to send.
  expect([next(50), next(60), next(100)]).toEqual(['e', 'f', undefined]);
  // Nothing comes of anybody: they may all stand still.
  expect([next(289), next(290)]).toEqual([undefined, 'g']);
});

test('who has nothing to send is granted something while nobody waits, at no cost for who does', () => {
  const turns = new CreditTurns<string>();
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    turns.queued(name, 100);
    turns.done(100);
    turns.offer(name);
  }
  const next = (): string | undefined => turns.next(200, 0);
  expect([next(), next(), next()]).toEqual(['a', 'b', undefined]);
  expect(turns.waitedMs(500)).toBe(0);
  turns.ask('e', 0);
  turns.ask('d', 0);
  turns.ask('f', 0);
  turns.offer('e');
  expect([next(), next(), next()]).toEqual(['e', 'd', undefined]);
  turns.leave('d');
  expect([next(), next()]).toEqual(['f', undefined]);
  for (const name of ['a', 'b', 'e']) turns.leave(name);
  expect(next()).toBe('c');
});

test('a session that is over takes no room and has no turn', () => {
  const turns = new CreditTurns<string>();
  for (const name of ['a', 'b', 'c']) {
    turns.queued(name, 100);
    turns.done(100);
    turns.ask(name, 0);
  }
  turns.ask('d', 0);
  expect(turns.next(100, 0)).toBe('a');
  expect(turns.next(100, 0)).toBe('b');
  turns.leave('a');
  turns.leave('c');
  expect(turns.next(100, 0)).toBe('d');
  expect(turns.waitingCount).toBe(0);
});
