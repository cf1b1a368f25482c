import { expect, test } from 'vitest';
import { FakeClock } from '../../../util/index.ts';
import { CommitRounds } from './commit-rounds.ts';

test('the first goes at once, those that follow within the interval go together at its end', async () => {
  const clock = new FakeClock(0);
  const rounds = new CommitRounds(clock, 50);
  const gone: string[] = [];
  const commit = async (name: string): Promise<void> => {
    await rounds.next();
    gone.push(name);
  };
  const all = [commit('a'), commit('b')];
  await clock.advance(30);
  all.push(commit('c'));
  expect(rounds.next()).toBe(rounds.next());
  await clock.advance(19);
  expect(gone).toEqual(['a']);
  await clock.advance(1);
  expect(gone).toEqual(['a', 'b', 'c']);
  // Another interval begins with them.
  all.push(commit('d'));
  await clock.advance(49);
  expect(gone).toHaveLength(3);
  await clock.advance(1);
  await Promise.all(all);
  expect(gone).toHaveLength(4);
  await clock.advance(50);
  expect(rounds.next()).toBeUndefined();
});

test('without an interval nothing waits', () => {
  const rounds = new CommitRounds(new FakeClock(0), 0);
  expect([rounds.next(), rounds.next()]).toEqual([undefined, undefined]);
});
