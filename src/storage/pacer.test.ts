import { expect, test } from 'vitest';
import { nextTurn, Pacer } from './pacer.ts';

/** Turns of the event loop that others get while `pacer` pauses. */
async function turnsIn(pacer: Pacer): Promise<number> {
  const others = { turns: 0, areOver: false };
  const running = (async (): Promise<void> => {
    while (!others.areOver) {
      await nextTurn();
      others.turns++;
    }
  })();
  await pacer.pause();
  others.areOver = true;
  const { turns } = others;
  await running;
  return turns;
}

test('others get as many turns as they are to have', async () => {
  const one = await turnsIn(new Pacer());
  expect(one).toBeLessThanOrEqual(1);
  const four = await turnsIn(new Pacer(undefined, 4));
  expect(four - one).toBe(3);
});
